package holdfast.monitor.qmp.internal.command;

import static holdfast.monitor.qmp.internal.schema.ValueType.ANY;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.optional;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.required;
import static holdfast.monitor.qmp.internal.schema.ValueType.NOTHING;
import static holdfast.monitor.qmp.internal.schema.ValueType.STRING;

import holdfast.backend.api.HoldfastException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.config.options.Excerpt;
import holdfast.monitor.qmp.internal.schema.Introspection;
import holdfast.monitor.qmp.internal.schema.ValueType.ListOf;
import holdfast.monitor.qmp.internal.schema.ValueType.Member;
import holdfast.monitor.qmp.internal.schema.ValueType.Struct;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** All commands, and what they and the events look like. Thread-safe. */
public final class CommandTable {
  private final SequencedMap<String, Command> commands = new LinkedHashMap<>();
  private final MigrationCapabilities capabilities = new MigrationCapabilities();
  private final String version;

  /** The life of the process, in which the machine's own commands have no say. */
  public interface Life {
    /**
     * Announces to all clients that the process ends, and ends it when this command is answered.
     *
     * @throws QmpException if it isn't this project's to end
     */
    void quit() throws QmpException;
  }

  /**
   * @param version of this project, such as {@code 0.1.0}
   */
  public CommandTable(MachineAdmin admin, Life life, String version) {
    this.version = version;
    add(Command.query("query-version", Shapes.VERSION, none -> version()));
    add(Command.query("query-commands", new ListOf(Shapes.NAME), none -> names()));
    add(Command.query("query-qmp-schema", new ListOf(ANY), none -> schema()));
    add(
        Command.query(
            "quit",
            NOTHING,
            none -> {
              life.quit();
              return Command.NOTHING;
            }));
    new MachineCommands(admin).all().forEach(this::add);
    new QomCommands(admin).all().forEach(this::add);
    new HoldfastCommands(admin).all().forEach(this::add);
    new WordCommand(admin, this::run).all().forEach(this::add);
    new SwapCommands(admin).all().forEach(this::add);
    new MigrationCommands(admin, capabilities).all().forEach(this::add);
    HumanMonitor human = new HumanMonitor(admin, capabilities);
    add(
        Command.with(
            "human-monitor-command",
            List.of(required("command-line", STRING), Member.optional("cpu-index", ANY)),
            STRING,
            given -> human.run(given.text("command-line"))));
  }

  private void add(Command command) {
    if (commands.putIfAbsent(command.name(), command) != null) {
      throw new IllegalArgumentException(command.name() + " is there twice");
    }
  }

  /**
   * Runs a command.
   *
   * @throws HoldfastException if there is no such command, or it isn't done
   */
  public Object run(String name, Map<String, @Nullable Object> arguments)
      throws HoldfastException, InterruptedException {
    Command command = commands.get(name);
    if (command == null) {
      throw QmpException.noCommand(
          "The command " + Excerpt.onOneLine(name) + " has not been found");
    }
    return command.work().run(Arguments.check(command.arguments(), arguments));
  }

  /** Returns the migration capabilities that clients have turned on. */
  public MigrationCapabilities capabilities() {
    return capabilities;
  }

  /** Returns the version as clients know it: of this project, since it is no QEMU. */
  public Map<String, Object> version() {
    String[] numbers = version.split("[.-]");
    Map<String, Object> triple = new LinkedHashMap<>();
    triple.put("micro", Integer.parseInt(numbers[2]));
    triple.put("minor", Integer.parseInt(numbers[1]));
    triple.put("major", Integer.parseInt(numbers[0]));
    return Map.of("qemu", triple, "package", "Holdfast " + version);
  }

  private List<Map<String, Object>> names() {
    return commands.keySet().stream().map(name -> Map.<String, Object>of("name", name)).toList();
  }

  private List<Map<String, Object>> schema() {
    Introspection introspection = new Introspection();
    introspection.command(
        "qmp_capabilities",
        new Struct("qmp_capabilities", List.of(optional("enable", new ListOf(STRING)))),
        NOTHING);
    commands
        .values()
        .forEach(one -> introspection.command(one.name(), one.arguments(), one.result()));
    EventShapes.all().forEach(introspection::event);
    return introspection.entries();
  }
}
