package holdfast.monitor.qmp.internal.command;

import static holdfast.monitor.qmp.internal.schema.ValueType.ANY;
import static holdfast.monitor.qmp.internal.schema.ValueType.INTEGER;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.optional;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.required;
import static holdfast.monitor.qmp.internal.schema.ValueType.SIZE;
import static holdfast.monitor.qmp.internal.schema.ValueType.STRING;

import holdfast.backend.api.HoldfastException;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.AllocatorStatus;
import holdfast.machine.admin.InvalidRequestException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.admin.Retention;
import holdfast.monitor.qmp.internal.schema.ValueType.ListOf;
import holdfast.monitor.qmp.internal.schema.ValueType.Struct;
import holdfast.monitor.shell.report.DeviceReport;
import holdfast.monitor.shell.report.ObjectReport;
import holdfast.monitor.shell.report.SummaryReport;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Holdfast's commands about durability and allocators, which QEMU has no words for. */
public final class HoldfastCommands {
  /** The type of a memory backend as {@code -probe json} shows it, too. */
  private static final Struct BACKEND = new Struct("XHoldfastBackend", List.of(), true);

  private static final Struct MACHINE =
      new Struct(
          "XHoldfastMachine",
          List.of(required("backends", new ListOf(BACKEND)), required("devices", new ListOf(ANY))));

  private static final Struct SUMMARY =
      new Struct(
          "XHoldfastSummary",
          List.of(
              required("phase", STRING),
              required("sentence", STRING),
              required("since", STRING),
              optional("type", STRING),
              optional("ram", SIZE),
              optional("maxmem", SIZE),
              optional("backends", INTEGER),
              optional("devices", INTEGER),
              required(
                  "doors",
                  new ListOf(
                      new Struct(
                          "XHoldfastDoor",
                          List.of(required("place", STRING), optional("failure", STRING)))))));

  private static final Struct GRANULARITY =
      new Struct("XHoldfastGranularity", List.of(required("granularity", STRING)));

  private static final Struct KEPT =
      new Struct("XHoldfastRetention", List.of(optional("until", STRING)));

  private final MachineAdmin admin;

  /**
   * @param admin the machine
   */
  public HoldfastCommands(MachineAdmin admin) {
    this.admin = admin;
  }

  /** Returns the commands. */
  public List<Command> all() {
    return List.of(
        Command.query(
            "x-holdfast-query-summary",
            SUMMARY,
            none -> new SummaryReport(admin.summary()).toMap()),
        Command.query(
            "x-holdfast-restart",
            Shapes.RUN_STATE,
            none -> MachineCommands.status(admin.restart())),
        Command.query("x-holdfast-query-machine", MACHINE, none -> machine()),
        Command.with(
            "x-holdfast-query-backends",
            List.of(optional("id", STRING)),
            new ListOf(BACKEND),
            this::backends),
        Command.query("x-holdfast-query-allocators", new ListOf(ANY), none -> allocators()),
        Command.query("x-holdfast-query-options", new ListOf(STRING), none -> admin.options()),
        Command.with(
            "x-holdfast-write-files",
            List.of(required("folder", STRING)),
            new ListOf(STRING),
            this::writeFiles),
        Command.with(
            "x-holdfast-use",
            List.of(required("id", STRING), required("filter", STRING)),
            KEPT,
            given -> kept(admin.use(given.text("id"), given.text("filter")))),
        Command.with(
            "x-holdfast-persist",
            List.of(required("id", STRING), optional("offset", SIZE), optional("size", SIZE)),
            GRANULARITY,
            this::persist));
  }

  private Object writeFiles(Arguments given) throws AdminException {
    String folder = given.text("folder");
    try {
      return admin.writeFiles(Path.of(folder));
    } catch (InvalidPathException e) {
      throw new InvalidRequestException("folder " + folder + " is no path: " + e.getReason());
    }
  }

  private Object machine() throws AdminException {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("backends", backends(admin.objects()));
    all.put(
        "devices",
        admin.devices().stream().map(device -> new DeviceReport(device).toMap()).toList());
    return all;
  }

  private Object backends(Arguments given) throws AdminException {
    Optional<String> id = given.optionalText("id");
    return backends(id.isPresent() ? List.of(admin.object(id.get())) : admin.objects());
  }

  private static List<Map<String, Object>> backends(List<ObjectStatus> objects) {
    return objects.stream()
        .map(
            object -> {
              Map<String, Object> all = new ObjectReport(object).toMap();
              all.put("implicit", object.implicit());
              all.put("note", object.note());
              all.put("rescue", object.rescue());
              all.put("filter", object.filter());
              all.put("devices", object.devices());
              return all;
            })
        .toList();
  }

  private List<Map<String, Object>> allocators() throws AdminException {
    return admin.allocators().stream().map(HoldfastCommands::allocator).toList();
  }

  private static Map<String, Object> allocator(AllocatorStatus allocator) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("kind", allocator.kind());
    all.put("ranking", allocator.ranking());
    all.put("properties", new TreeMap<>(texts(allocator.properties())));
    return all;
  }

  private static Map<String, String> texts(Map<String, Object> properties) {
    Map<String, String> texts = new LinkedHashMap<>();
    properties.forEach(
        (key, value) ->
            texts.put(
                key,
                value instanceof Object[] items ? Arrays.toString(items) : String.valueOf(value)));
    return texts;
  }

  private static Map<String, Object> kept(Retention retention) {
    return retention.isStored() ? Map.of() : Map.of("until", retention.limit());
  }

  private Object persist(Arguments given) throws HoldfastException {
    String id = given.text("id");
    long offset = given.number("offset").orElse(0L);
    long size =
        given.number("size").isPresent()
            ? given.number("size").get()
            : admin.object(id).size().bytes() - offset;
    return Map.of("granularity", admin.persist(id, offset, size).label());
  }
}
