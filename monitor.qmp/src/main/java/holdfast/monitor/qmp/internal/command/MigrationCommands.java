package holdfast.monitor.qmp.internal.command;

import static holdfast.monitor.qmp.internal.schema.ValueType.BOOLEAN;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.optional;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.required;
import static holdfast.monitor.qmp.internal.schema.ValueType.NOTHING;
import static holdfast.monitor.qmp.internal.schema.ValueType.STRING;

import holdfast.backend.api.HoldfastException;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.admin.MigrationAdmin.Decision;
import holdfast.machine.admin.MigrationWords;
import holdfast.monitor.qmp.internal.schema.ValueType.Choice;
import holdfast.monitor.qmp.internal.schema.ValueType.ListOf;
import holdfast.monitor.qmp.internal.schema.ValueType.Member;
import holdfast.monitor.qmp.internal.schema.ValueType.Struct;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** QEMU's commands about migrations, and ours for what QEMU has no words for. */
public final class MigrationCommands {
  /** As for QEMU's downtime-limit, in milliseconds. */
  private static final long MOST_MILLIS = 2_000_000;

  private static final Struct CAPABILITY =
      new Struct(
          "MigrationCapabilityStatus",
          List.of(required("capability", STRING), required("state", BOOLEAN)));

  private final MachineAdmin admin;
  private final MigrationCapabilities capabilities;

  /**
   * @param admin the machine
   * @param capabilities those of this monitor
   */
  public MigrationCommands(MachineAdmin admin, MigrationCapabilities capabilities) {
    this.admin = admin;
    this.capabilities = capabilities;
  }

  /** Returns the commands. */
  public List<Command> all() {
    List<Member> uri = List.of(required("uri", STRING));
    Struct parameters = new Struct("MigrationParameters", MigrationShapes.PARAMETERS);
    return List.of(
        Command.with(
            "migrate",
            List.of(
                required("uri", STRING),
                optional("blk", BOOLEAN),
                optional("inc", BOOLEAN),
                optional("detach", BOOLEAN),
                optional("resume", BOOLEAN)),
            NOTHING,
            this::migrate),
        Command.with("migrate-incoming", uri, NOTHING, this::listen),
        Command.query("migrate_cancel", NOTHING, none -> cancel()),
        Command.query(
            "query-migrate",
            MigrationShapes.INFO,
            none -> MigrationShapes.info(admin.migration().status())),
        Command.with(
            "migrate-set-parameters",
            MigrationShapes.PARAMETERS,
            NOTHING,
            given -> set(admin.migration(), given)),
        Command.query(
            "query-migrate-parameters",
            parameters,
            none -> MigrationShapes.parameters(admin.migration().parameters())),
        Command.with(
            "migrate-set-capabilities",
            List.of(required("capabilities", new ListOf(CAPABILITY))),
            NOTHING,
            this::setCapabilities),
        Command.query(
            "query-migrate-capabilities", new ListOf(CAPABILITY), none -> capabilities.all()),
        Command.with(
            "x-holdfast-migrate",
            List.of(required("uri", STRING), optional("parameters", parameters)),
            MigrationShapes.INFO,
            this::start),
        Command.with(
            "x-holdfast-migrate-decide",
            List.of(
                required("decision", new Choice("XHoldfastDecision", List.of("here", "elsewhere"))),
                optional("proof", STRING)),
            MigrationShapes.INFO,
            this::decide));
  }

  private Object migrate(Arguments given) throws HoldfastException {
    for (String name : List.of("blk", "inc", "resume")) {
      if (given.flag(name, false)) {
        throw QmpException.generic("Parameter '" + name + "' can only be false here");
      }
    }
    // detach says nothing, in QEMU neither: no client's command waits for the end
    admin.migration().migrate(given.text("uri"));
    return Command.NOTHING;
  }

  private Object listen(Arguments given) throws AdminException {
    admin.migration().listen(given.text("uri"));
    return Command.NOTHING;
  }

  private Object cancel() throws AdminException {
    admin.migration().cancel();
    return Command.NOTHING;
  }

  private static Object set(MigrationAdmin migration, Arguments given) throws HoldfastException {
    Map<String, String> changes = new LinkedHashMap<>();
    for (Member parameter : MigrationShapes.PARAMETERS) {
      String name = parameter.name();
      if (given.values().get(name) instanceof Number) {
        changes.put(name, Long.toString(given.number(name).orElseThrow()));
      } else if (given.values().containsKey(name)) {
        changes.put(name, given.text(name));
      }
    }
    if (given.number(MigrationWords.DOWNTIME_LIMIT).orElse(0L) > MOST_MILLIS) {
      throw QmpException.generic(
          "Parameter 'downtime-limit' expects an integer in the range of 0 to " + MOST_MILLIS);
    }
    if (!changes.isEmpty()) {
      migration.setParameters(changes);
    }
    return Command.NOTHING;
  }

  private Object setCapabilities(Arguments given) throws QmpException {
    capabilities.set((List<?>) given.values().getOrDefault("capabilities", List.of()));
    return Command.NOTHING;
  }

  private Object start(Arguments given) throws HoldfastException {
    MigrationAdmin migration = admin.migration();
    if (given.values().containsKey("parameters")) {
      Map<String, @Nullable Object> parameters = new LinkedHashMap<>();
      given.object("parameters").forEach((name, value) -> parameters.put("" + name, value));
      set(
          migration,
          Arguments.check(
              new Struct("MigrationParameters", MigrationShapes.PARAMETERS), parameters));
    }
    migration.migrate(given.text("uri"));
    return MigrationShapes.info(migration.status());
  }

  private Object decide(Arguments given) throws AdminException {
    MigrationAdmin migration = admin.migration();
    migration.decide(
        given.text("decision").equals("here") ? Decision.HERE : Decision.ELSEWHERE,
        given.optionalText("proof").orElse(""));
    return MigrationShapes.info(migration.status());
  }
}
