package holdfast.monitor.shell.internal;

import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.config.options.Excerpt;
import holdfast.machine.config.options.Nearest;
import holdfast.machine.config.options.TextTable;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.apache.felix.service.command.Descriptor;

/**
 * The {@code ram:} commands by their names, {@code machine:status} and {@code machine:restart}.
 * Thread-safe.
 */
public final class RamCommandTable {
  private static final String SCOPE = "ram:";
  private static final String HELP = "help";

  /** What QEMU's operators write, and what is meant by it. */
  private static final Map<String, String> QEMUS_WORDS =
      Map.of(
          "cont", "resume", "stop", "pause", "info", "list", "migrate_cancel", "migrate -cancel");

  /** Of the narrowest terminal. */
  private static final int COLUMNS = 60;

  private final SwapCommands swaps;
  private final MigrationCommands migrations;
  private final SequencedMap<String, Entry> commands = new LinkedHashMap<>();

  /** Runs a command. */
  private interface Run {
    String with(Object... arguments) throws InterruptedException;
  }

  private record Entry(Run run, String purpose, String arguments) {}

  /**
   * What a command said.
   *
   * @param swap the swap that it started and did not wait for
   * @param migration the migration that it started and did not wait for, as it began
   */
  public record Said(String text, Optional<RunningSwap> swap, Optional<MigrationStatus> migration) {
    Said(String text) {
      this(text, Optional.empty(), Optional.empty());
    }
  }

  /**
   * @param admin the machine
   */
  public RamCommandTable(MachineAdmin admin) {
    RamCommands ram = new RamCommands(admin);
    MachineCommands machine = new MachineCommands(admin);
    swaps = new SwapCommands(admin);
    migrations = new MigrationCommands(admin);
    SummaryCommand summary = new SummaryCommand(admin);
    add(SummaryCommand.NAME, summary, summary::status);
    add(SummaryCommand.RESTART, summary, summary::restart);
    add("status", machine, machine::status);
    add("list", ram, ram::list);
    add("show", ram, ram::show);
    add("options", ram, ram::options);
    add("use", ram, ram::use);
    add("set", ram, ram::set);
    add("persist", ram, ram::persist);
    add("swap", swaps, arguments -> swaps.start(arguments).text());
    add("swaps", swaps, swaps::swaps);
    add("migrate", migrations, arguments -> migrations.start(arguments).text());
    add("migrate_incoming", migrations, migrations::migrate_incoming);
    add("migration", migrations, migrations::migration);
    add("migration_parameters", migrations, migrations::migration_parameters);
    add("migrate_decide", migrations, migrations::migrate_decide);
    add("object_add", machine, machine::object_add);
    add("object_del", machine, machine::object_del);
    add("device_add", machine, machine::device_add);
    add("device_del", machine, machine::device_del);
    add("system_reset", machine, machine::system_reset);
    add("system_powerdown", machine, machine::system_powerdown);
    add("pause", machine, machine::pause);
    add("resume", machine, machine::resume);
    add("evacuate", ram, ram::evacuate);
  }

  private void add(String name, Object object, Run run) {
    Method method =
        Arrays.stream(object.getClass().getMethods())
            .filter(one -> one.getName().equals(name.substring(name.indexOf(':') + 1)))
            .filter(one -> one.isAnnotationPresent(Descriptor.class))
            .findFirst()
            .orElseThrow(() -> new AssertionError(name));
    commands.put(name, new Entry(run, text(method.getAnnotation(Descriptor.class)), words(method)));
  }

  private static String words(Method method) {
    return Arrays.stream(method.getParameters())
        .flatMap(one -> Stream.ofNullable(one.getAnnotation(Descriptor.class)))
        .map(RamCommandTable::text)
        .findFirst()
        .orElse("");
  }

  private static String text(Descriptor descriptor) {
    return descriptor.value();
  }

  /** Returns the names of all commands but {@code help}. */
  public List<String> names() {
    return List.copyOf(commands.keySet());
  }

  /** Returns what a command is for. */
  public String purpose(String name) {
    return entry(name).purpose();
  }

  /** Returns what a command takes, line by line. */
  public String arguments(String name) {
    return entry(name).arguments();
  }

  private Entry entry(String name) {
    Entry entry = commands.get(name);
    if (entry == null) {
      throw new CommandFailure(
          "there is no command "
              + Excerpt.of(name)
              + "; "
              + Optional.ofNullable(QEMUS_WORDS.get(name))
                  .or(() -> Nearest.to(name, names()))
                  .map(near -> "did you mean " + near + "?")
                  .orElse("help lists those there are"));
    }
    return entry;
  }

  /**
   * Returns a command's name and arguments as this table has them.
   *
   * @throws CommandFailure if there is no such command
   */
  public List<String> checked(List<String> words) {
    if (words.isEmpty()) {
      throw new CommandFailure("the command is missing; help lists those there are");
    }
    List<String> all = new ArrayList<>(words);
    String name = all.getFirst();
    all.set(0, name.startsWith(SCOPE) ? name.substring(SCOPE.length()) : name);
    if (!all.getFirst().equals(HELP)) {
      entry(all.getFirst());
    }
    return all;
  }

  /**
   * Runs a command, but does not wait for the end of a swap or a migration.
   *
   * @throws CommandFailure if it isn't done
   */
  public Said run(List<String> words) throws InterruptedException {
    List<String> all = checked(words);
    Object[] arguments = all.subList(1, all.size()).toArray();
    return switch (all.getFirst()) {
      case HELP -> new Said(help(all.subList(1, all.size())));
      case "swap" -> {
        SwapCommands.Started started = swaps.start(arguments);
        yield new Said(started.text(), started.awaited(), Optional.empty());
      }
      case "migrate" -> {
        MigrationCommands.Started started = migrations.start(arguments);
        yield new Said(started.text(), Optional.empty(), started.awaited());
      }
      default -> new Said(entry(all.getFirst()).run().with(arguments));
    };
  }

  private String help(List<String> of) {
    if (of.isEmpty()) {
      List<List<String>> rows = new ArrayList<>();
      commands.forEach((name, entry) -> rows.add(List.of(name, entry.purpose())));
      rows.add(List.of("help COMMAND", "explains what a command takes"));
      return TextTable.wrapped(COLUMNS, rows);
    }
    String name = checked(of).getFirst();
    Map.Entry<String, String> both = Map.entry(purpose(name), arguments(name));
    return name + ": " + both.getKey() + "\n" + both.getValue().indent(2);
  }
}
