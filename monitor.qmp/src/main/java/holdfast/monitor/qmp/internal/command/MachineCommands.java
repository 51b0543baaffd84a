package holdfast.monitor.qmp.internal.command;

import static holdfast.monitor.qmp.internal.schema.ValueType.BOOLEAN;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.required;
import static holdfast.monitor.qmp.internal.schema.ValueType.NOTHING;
import static holdfast.monitor.qmp.internal.schema.ValueType.STRING;

import holdfast.backend.api.HoldfastException;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.NoSuchObjectException;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.admin.Ownership;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.options.Excerpt;
import holdfast.machine.config.options.HelpText;
import holdfast.machine.config.options.JsonOptions;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.TypedOption;
import holdfast.monitor.qmp.internal.schema.ValueType.ListOf;
import holdfast.monitor.qmp.internal.schema.ValueType.Member;
import holdfast.monitor.qmp.internal.schema.ValueType.Struct;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** QEMU's commands about the machine, its memory backends and its memory devices. */
public final class MachineCommands {
  private static final Set<String> OF_MEMDEV =
      Set.of("merge", "dump", "prealloc", "share", "reserve", "host-nodes", "policy");

  /** The argument that takes a device away without the guest. */
  private static final String FORCE = "x-holdfast-force";

  private final MachineAdmin admin;

  /**
   * @param admin the machine
   */
  public MachineCommands(MachineAdmin admin) {
    this.admin = admin;
  }

  /** Returns the commands. */
  public List<Command> all() {
    return List.of(
        Command.query("query-status", Shapes.RUN_STATE, none -> status(admin.status())),
        Command.query("stop", NOTHING, none -> stop()),
        Command.query("cont", NOTHING, none -> cont()),
        new Command(
            "object-add",
            Shapes.oneOf("ObjectOptions", BackendDefinitions.OPTION.types()),
            NOTHING,
            this::addObject),
        Command.with("object-del", id(), NOTHING, this::removeObject),
        new Command(
            "device_add",
            new Struct(
                "device_add",
                List.of(required("driver", STRING), Member.optional("id", STRING)),
                true),
            NOTHING,
            this::plug),
        Command.with(
            "device_del",
            List.of(required("id", STRING), Member.optional(FORCE, BOOLEAN)),
            NOTHING,
            this::unplug),
        Command.query("system_reset", NOTHING, none -> reset()),
        Command.query("system_powerdown", NOTHING, none -> powerDown()),
        Command.query("query-memdev", new ListOf(Shapes.MEMDEV), none -> memdevs()),
        Command.query(
            "query-memory-devices", new ListOf(Shapes.MEMORY_DEVICE), none -> memoryDevices()),
        Command.query("query-memory-size-summary", Shapes.MEMORY_SIZE, none -> sizes()));
  }

  private static List<Member> id() {
    return List.of(required("id", STRING));
  }

  /** Returns the state in QEMU's words, and ours beside it where there is a reason to tell. */
  static Map<String, Object> status(MachineStatus status) {
    String word = runState(status);
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("status", word);
    answer.put("running", word.equals("running"));
    if (!status.reason().isEmpty()) {
      answer.put("x-holdfast-reason", status.reason());
    } else if (status.ownership() == Ownership.UNDECIDED) { // for which QEMU has no word
      answer.put("x-holdfast-reason", status.sentence());
    }
    return answer;
  }

  /** Returns QEMU's word for a state. */
  static String runState(MachineStatus status) {
    return switch (status.phase()) {
      case UNCONFIGURED, INCOMPLETE, WAITING, STARTING -> "prelaunch";
      case UP ->
          switch (status.ownership()) {
            case OWNER -> status.stopped() ? "paused" : "running";
            case AWAITED -> "inmigrate";
            case MOVED -> "postmigrate";
            case LEAVING -> "finish-migrate";
            case UNDECIDED -> "paused";
          };
      case FAILED -> "internal-error";
      case ENDED -> "shutdown";
    };
  }

  private Object stop() throws AdminException {
    admin.stop();
    return Command.NOTHING;
  }

  private Object cont() throws AdminException {
    admin.cont();
    return Command.NOTHING;
  }

  private Object addObject(Arguments arguments) throws HoldfastException {
    ParsedObject object = parsed(BackendDefinitions.OPTION, "object-add", arguments);
    admin.addObject(object.typeName(), object.exactTexts());
    return Command.NOTHING;
  }

  private Object removeObject(Arguments arguments) throws AdminException {
    admin.removeObject(arguments.text("id"));
    return Command.NOTHING;
  }

  private Object plug(Arguments arguments) throws HoldfastException {
    ParsedObject device = parsed(DeviceDefinitions.OPTION, "device_add", arguments);
    try {
      admin.plug(device.typeName(), device.exactTexts());
    } catch (NoSuchObjectException e) {
      throw QmpException.noDevice(e.getMessage()); // QEMU's class for this, surprising as it is
    }
    return Command.NOTHING;
  }

  /** Asks for a device, as QEMU's does: an event says when the guest has given it up, or won't. */
  private Object unplug(Arguments arguments) throws AdminException {
    String named = arguments.text("id");
    String id =
        named.startsWith(QomTree.DEVICES) ? named.substring(QomTree.DEVICES.length()) : named;
    if (arguments.flag(FORCE, false)) {
      admin.unplug(id);
    } else {
      admin.requestUnplug(id);
    }
    return Command.NOTHING;
  }

  private Object reset() throws AdminException {
    admin.resetGuest();
    return Command.NOTHING;
  }

  private Object powerDown() throws AdminException {
    admin.powerDownGuest();
    return Command.NOTHING;
  }

  private static ParsedObject parsed(TypedOption option, String command, Arguments arguments)
      throws HoldfastException {
    TypedOption asCommand = new TypedOption(command, option.typeKey(), option.types());
    return switch (asCommand.check(JsonOptions.of(command, arguments.values()))) {
      case ParsedObject object -> object;
      case HelpText help ->
          throw new OptionException(
              command + ": " + Excerpt.of("help") + " is for people: use query-qmp-schema");
    };
  }

  private List<Map<String, Object>> memdevs() throws AdminException {
    return admin.objects().stream().map(MachineCommands::memdev).toList();
  }

  /** Returns what {@code query-memdev} tells of a memory backend. */
  static Map<String, Object> memdev(ObjectStatus object) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("id", object.id());
    all.put("size", object.size().bytes());
    Map<String, Object> values = BackendDefinitions.type(object.type()).json(object.properties());
    OF_MEMDEV.stream()
        .sorted()
        .filter(values::containsKey)
        .forEach(name -> all.put(name, values.get(name)));
    all.putIfAbsent("host-nodes", List.of());
    return all;
  }

  private List<Map<String, Object>> memoryDevices() throws AdminException {
    return admin.devices().stream()
        .filter(device -> device.driver() != DeviceKind.RAM)
        .map(MachineCommands::memoryDevice)
        .toList();
  }

  /** Returns what {@code query-memory-devices} tells of a device. */
  static Map<String, Object> memoryDevice(DeviceStatus device) {
    return Map.of("type", kind(device), "data", data(device));
  }

  /** Returns QEMU's word for the kind of a device there. */
  static String kind(DeviceStatus device) {
    return device.driver() == DeviceKind.NVDIMM ? "nvdimm" : "dimm";
  }

  /** Returns the facts about a device there. */
  static Map<String, Object> data(DeviceStatus device) {
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("id", device.id());
    data.put("addr", device.address().value());
    data.put("size", device.size().bytes());
    data.put("slot", device.slot());
    data.put("node", device.node());
    data.put("memdev", QomTree.OBJECTS + device.memdev());
    data.put("hotplugged", device.hotplugged());
    data.put("hotpluggable", true);
    return data;
  }

  private Map<String, Object> sizes() throws AdminException {
    long base = 0;
    long plugged = 0;
    for (DeviceStatus device : admin.devices()) {
      if (device.driver() == DeviceKind.RAM) {
        base += device.size().bytes();
      } else {
        plugged += device.size().bytes();
      }
    }
    return Map.of("base-memory", base, "plugged-memory", plugged);
  }
}
