package holdfast.monitor.shell.report;

import com.fasterxml.jackson.jr.ob.JSON;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.NvdimmPersistence;
import holdfast.machine.config.options.Excerpt;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A whole machine: the output of {@code -probe}.
 *
 * @param persistence how far the guest is told that its stores into NVDIMMs have to go
 */
public record MachineReport(
    List<ObjectStatus> objects,
    List<DeviceStatus> devices,
    Optional<NvdimmPersistence> persistence) {

  /**
   * Returns one JSON object with what the operator's {@code -object}s and {@code -device}s became.
   */
  public String toJson() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put(
        "backends",
        objects.stream()
            .filter(object -> !object.implicit())
            .map(object -> new ObjectReport(object).toMap())
            .toList());
    map.put(
        "devices",
        devices.stream()
            .filter(device -> device.driver() != DeviceKind.RAM)
            .map(device -> new DeviceReport(device).toMap(share(device), persistence))
            .toList());
    try {
      // as JSON escapes it: a backslash, u and four digits
      return Excerpt.onOneLine(JSON.std.asString(map));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the same as text for people, with the base RAM. */
  public String toText() {
    Screen screen = new Screen();
    for (ObjectStatus object : objects) {
      new ObjectReport(object).show(screen);
    }
    screen.heading("guest memory");
    screen.table(
        DeviceReport.COLUMNS, devices.stream().map(d -> new DeviceReport(d).row()).toList());
    for (DeviceStatus device : devices) {
      for (String sentence : share(device).map(s -> s.sentences(persistence)).orElse(List.of())) {
        screen.heading(device.driver() + " '" + device.id() + "': " + sentence);
      }
    }
    return screen.toString();
  }

  /** Returns how a plugged device divides its backend; empty for base RAM. */
  private Optional<GuestShare> share(DeviceStatus device) {
    return device.driver() == DeviceKind.RAM
        ? Optional.empty()
        : objects.stream()
            .filter(object -> object.id().equals(device.memdev()))
            .findFirst()
            .map(object -> new GuestShare(device, object));
  }
}
