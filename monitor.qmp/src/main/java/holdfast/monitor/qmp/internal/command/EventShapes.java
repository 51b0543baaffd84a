package holdfast.monitor.qmp.internal.command;

import static holdfast.monitor.qmp.internal.schema.ValueType.BOOLEAN;
import static holdfast.monitor.qmp.internal.schema.ValueType.INTEGER;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.optional;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.required;
import static holdfast.monitor.qmp.internal.schema.ValueType.STRING;

import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.AdminEvent.Change;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.MachineStatus.Phase;
import holdfast.machine.admin.Ownership;
import holdfast.monitor.qmp.internal.schema.ValueType.Struct;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/** The events of a machine as clients are told of them. */
public final class EventShapes {
  /** Writers were stopped. */
  private static final String STOP = "STOP";

  /** Writers go on. */
  private static final String RESUME = "RESUME";

  /** The process ends. */
  public static final String SHUTDOWN = "SHUTDOWN";

  private static final String REASON = "x-holdfast-reason";
  private static final String DEVICE_DELETED = "DEVICE_DELETED";
  private static final String UNPLUG_REFUSED = "DEVICE_UNPLUG_GUEST_ERROR";

  /** The guest was started again. */
  private static final String RESET = "RESET";

  /** The guest was asked to shut down. */
  private static final String POWERDOWN = "POWERDOWN";

  /** Where the guest is, if it isn't here. */
  private static final String OWNERSHIP = "ownership";

  private static final String STATUS = "X_HOLDFAST_STATUS";
  private static final String DEVICE_ADDED = "X_HOLDFAST_DEVICE_ADDED";
  private static final String OBJECT_ADDED = "X_HOLDFAST_OBJECT_ADDED";
  private static final String OBJECT_CHANGED = "X_HOLDFAST_OBJECT_CHANGED";
  private static final String OBJECT_DELETED = "X_HOLDFAST_OBJECT_DELETED";
  private static final String SWAP = "X_HOLDFAST_SWAP";

  private final MigrationEvents migrations;

  /** The status, as far as clients know it. */
  private MachineStatus known;

  /**
   * @param known the status that clients can ask for now
   * @param capabilities what clients have turned on
   */
  public EventShapes(MachineStatus known, MigrationCapabilities capabilities) {
    this.known = known;
    this.migrations = new MigrationEvents(capabilities);
  }

  /**
   * An event.
   *
   * @param data its members; empty if it has none
   */
  public record Event(String name, Map<String, Object> data) {}

  /** Returns the types of all events. */
  static SequencedMap<String, Struct> all() {
    Struct id = new Struct("XHoldfastId", List.of(required("id", STRING)));
    SequencedMap<String, Struct> all = new LinkedHashMap<>();
    all.put(STOP, new Struct(STOP, List.of()));
    all.put(RESUME, new Struct(RESUME, List.of()));
    all.put(
        SHUTDOWN,
        new Struct(SHUTDOWN, List.of(required("guest", BOOLEAN), required("reason", STRING))));
    all.put(
        DEVICE_DELETED,
        new Struct(DEVICE_DELETED, List.of(optional("device", STRING), required("path", STRING))));
    all.put(
        UNPLUG_REFUSED,
        new Struct(
            UNPLUG_REFUSED,
            List.of(
                optional("device", STRING), required("path", STRING), required(REASON, STRING))));
    all.put(
        RESET, new Struct(RESET, List.of(required("guest", BOOLEAN), required("reason", STRING))));
    all.put(POWERDOWN, new Struct(POWERDOWN, List.of()));
    all.put(
        STATUS,
        new Struct(
            STATUS,
            List.of(
                required("phase", STRING),
                optional("reason", STRING),
                optional(OWNERSHIP, STRING))));
    all.put(DEVICE_ADDED, Shapes.MEMORY_DEVICE);
    all.put(OBJECT_ADDED, id);
    all.put(OBJECT_CHANGED, id);
    all.put(OBJECT_DELETED, id);
    all.put(SWAP, SwapCommands.REPORT);
    all.put(
        MigrationEvents.STATE,
        new Struct(MigrationEvents.STATE, List.of(required("status", STRING))));
    all.put(
        MigrationEvents.PASS, new Struct(MigrationEvents.PASS, List.of(required("pass", INTEGER))));
    all.put(MigrationEvents.PROGRESS, MigrationShapes.INFO);
    return all;
  }

  /** Returns what clients are told of a change, in this order. Called by one thread. */
  public List<Event> of(AdminEvent event) {
    Change change = event.change();
    return switch (change) {
      case AdminEvent.StatusChanged(MachineStatus status) -> status(status);
      case AdminEvent.ObjectAdded(String id) -> one(OBJECT_ADDED, Map.of("id", id));
      case AdminEvent.ObjectChanged(String id) -> one(OBJECT_CHANGED, Map.of("id", id));
      case AdminEvent.ObjectRemoved(String id) -> one(OBJECT_DELETED, Map.of("id", id));
      case AdminEvent.DevicePlugged(var device) ->
          one(DEVICE_ADDED, MachineCommands.memoryDevice(device));
      case AdminEvent.DeviceUnplugged(var device) ->
          one(DEVICE_DELETED, Map.of("device", device.id(), "path", QomTree.DEVICES + device.id()));
      case AdminEvent.UnplugRefused(var device, String reason) ->
          one(
              UNPLUG_REFUSED,
              Map.of("device", device.id(), "path", QomTree.DEVICES + device.id(), REASON, reason));
      case AdminEvent.GuestReset() ->
          one(RESET, Map.of("guest", false, "reason", "host-qmp-system-reset"));
      case AdminEvent.PowerDownRequested() -> one(POWERDOWN, Map.of());
      case AdminEvent.SwapProgressed(var report) -> one(SWAP, SwapCommands.report(report));
      case AdminEvent.MigrationProgressed(var status) -> migrations.of(status);
    };
  }

  private static List<Event> one(String name, Map<String, Object> data) {
    return List.of(new Event(name, data));
  }

  private List<Event> status(MachineStatus status) {
    MachineStatus before = known;
    known = status;
    List<Event> all = new ArrayList<>();
    if (before.phase() == Phase.UP
        && status.phase() == Phase.UP
        && before.stopped() != status.stopped()) {
      all.add(new Event(status.stopped() ? STOP : RESUME, Map.of()));
      if (before.ownership() == status.ownership()) {
        return all;
      }
    }
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("phase", status.phase().name().toLowerCase(Locale.ROOT));
    Optional.of(status.reason())
        .filter(text -> !text.isEmpty())
        .ifPresent(text -> data.put("reason", text));
    if (status.ownership() != Ownership.OWNER) {
      data.put(OWNERSHIP, status.ownership().name().toLowerCase(Locale.ROOT));
    }
    all.add(new Event(STATUS, data));
    return all;
  }
}
