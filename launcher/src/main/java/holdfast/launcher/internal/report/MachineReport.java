package holdfast.launcher.internal.report;

import com.fasterxml.jackson.jr.ob.JSON;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.config.options.Excerpt;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Machine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A whole machine: the output of {@code -probe}. */
public record MachineReport(Machine machine) {

  /**
   * Returns one JSON object with what the operator's {@code -object}s and {@code -device}s became.
   */
  public String toJson() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put(
        "backends",
        machine.backends().stream()
            .filter(backend -> !backend.isImplicit())
            .map(backend -> new BackendReport(backend).toMap())
            .toList());
    map.put(
        "devices",
        machine.memory().devices().stream()
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
    for (Backend backend : machine.backends()) {
      new BackendReport(backend).show(screen);
    }
    screen.heading("guest memory");
    List<MemoryDevice> devices = machine.memory().devices();
    screen.table(
        DeviceReport.COLUMNS, devices.stream().map(d -> new DeviceReport(d).row()).toList());
    return screen.toString();
  }
}
