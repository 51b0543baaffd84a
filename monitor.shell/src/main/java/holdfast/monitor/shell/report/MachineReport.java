package holdfast.monitor.shell.report;

import com.fasterxml.jackson.jr.ob.JSON;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.config.options.Excerpt;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A whole machine: the output of {@code -probe}. */
public record MachineReport(List<ObjectStatus> objects, List<DeviceStatus> devices) {

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
            .map(device -> new DeviceReport(device).toMap())
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
    return screen.toString();
  }
}
