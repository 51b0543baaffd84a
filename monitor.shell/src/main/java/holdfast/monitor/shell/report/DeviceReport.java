package holdfast.monitor.shell.report;

import holdfast.machine.admin.DeviceStatus;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A memory device, as an operator is shown it. */
public record DeviceReport(DeviceStatus device) {

  /** The headings of {@link #row}. */
  public static final List<String> COLUMNS =
      List.of("GUEST ADDRESS", "SIZE", "DEVICE", "DRIVER", "MEMDEV", "LABEL", "SLOT");

  /** Returns the facts as {@code -probe json} shows them. */
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("id", device.id());
    map.put("driver", device.driver().label());
    map.put("memdev", device.memdev());
    map.put("addr", device.address().value());
    map.put("size", device.size().bytes());
    map.put("label-size", device.labelSize().bytes());
    map.put("slot", device.slot());
    map.put("unarmed", device.unarmed());
    return map;
  }

  /** Returns one line of a table. */
  public List<String> row() {
    return List.of(
        device.address().toString(),
        device.size().toString(),
        device.id(),
        device.driver().label(),
        device.memdev(),
        device.labelSize().toString(),
        device.slot() < 0 ? "-" : Integer.toString(device.slot()));
  }
}
