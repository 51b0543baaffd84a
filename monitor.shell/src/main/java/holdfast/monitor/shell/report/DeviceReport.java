package holdfast.monitor.shell.report;

import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.api.NvdimmPersistence;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A memory device, as an operator is shown it. */
public record DeviceReport(DeviceStatus device) {

  /** The headings of {@link #row}. */
  public static final List<String> COLUMNS =
      List.of("ADDRESS", "SIZE", "DEVICE", "DRIVER", "MEMDEV", "LABEL", "SLOT");

  /** Returns the facts as JSON shows them. */
  public Map<String, Object> toMap() {
    return toMap(Optional.empty(), Optional.empty());
  }

  /**
   * Returns the facts as {@code -probe json} shows them.
   *
   * @param share how it divides its backend, if that is known
   * @param persistence how far the guest is told that its stores into NVDIMMs have to go
   */
  Map<String, Object> toMap(Optional<GuestShare> share, Optional<NvdimmPersistence> persistence) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("id", device.id());
    map.put("driver", device.driver().label());
    map.put("memdev", device.memdev());
    map.put("addr", device.address().value());
    map.put("size", device.size().bytes());
    map.put("label-size", device.labelSize().bytes());
    map.put("slot", device.slot());
    map.put("unarmed", device.unarmed());
    share.ifPresent(
        known -> {
          map.put("unreachable-size", known.lost().bytes());
          map.put("warnings", known.warnings(persistence));
        });
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
