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
  private final Completions completions;
  private final SequencedMap<String, Entry> commands = new LinkedHashMap<>();

  /** Runs a command. */
  private interface Run {
    String with(Object... arguments) throws InterruptedException;
  }

  private record Entry(Run run, Form form, String purpose, String arguments) {}

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
    completions = new Completions(admin);
    SummaryCommand summary = new SummaryCommand(admin);
    add(SummaryCommand.NAME, summary, summary::status);
    add(SummaryCommand.RESTART, summary, summary::restart);
    add(SCOPE + "status", machine, machine::status);
    add(SCOPE + "list", ram, ram::list);
    add(Forms.SHOW, ram, ram::show);
    add(Forms.OPTIONS, ram, ram::options);
    add(Forms.USE, ram, ram::use);
    add(Forms.SET, ram, ram::set);
    add(Forms.PERSIST, ram, ram::persist);
    add(Forms.SWAP, swaps, arguments -> swaps.start(arguments).text());
    add(Forms.SWAPS, swaps, swaps::swaps);
    add(Forms.MIGRATE, migrations, arguments -> migrations.start(arguments).text());
    add(Forms.MIGRATE_INCOMING, migrations, migrations::migrate_incoming);
    add(SCOPE + "migration", migrations, migrations::migration);
    add(Forms.PARAMETERS, migrations, migrations::migration_parameters);
    add(Forms.DECIDE, migrations, migrations::migrate_decide);
    add(Forms.OBJECT_ADD, machine, machine::object_add);
    add(Forms.OBJECT_DEL, machine, machine::object_del);
    add(Forms.DEVICE_ADD, machine, machine::device_add);
    add(Forms.DEVICE_DEL, machine, machine::device_del);
    add(SCOPE + "system_reset", machine, machine::system_reset);
    add(SCOPE + "system_powerdown", machine, machine::system_powerdown);
    add(SCOPE + "pause", machine, machine::pause);
    add(SCOPE + "resume", machine, machine::resume);
    add(Forms.EVACUATE, ram, ram::evacuate);
  }

  private void add(String text, Object object, Run run) {
    Form form = Form.of(text);
    String name = withoutScope(form.name());
    Method method =
        Arrays.stream(object.getClass().getMethods())
            .filter(one -> one.getName().equals(name.substring(name.indexOf(':') + 1)))
            .filter(one -> one.isAnnotationPresent(Descriptor.class))
            .findFirst()
            .orElseThrow(() -> new AssertionError(name));
    commands.put(
        name, new Entry(run, form, text(method.getAnnotation(Descriptor.class)), words(method)));
  }

  private static String withoutScope(String name) {
    return name.startsWith(SCOPE) ? name.substring(SCOPE.length()) : name;
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
              + meant(name)
                  .or(() -> Nearest.to(name, names()))
                  .map(near -> "did you mean " + near + "?")
                  .orElse("help lists those there are"));
    }
    return entry;
  }

  /** Returns the command that QEMU's operators have another word for, if this is one. */
  public static Optional<String> meant(String name) {
    return Optional.ofNullable(QEMUS_WORDS.get(name));
  }

  /**
   * Returns what can stand where somebody types.
   *
   * @param words those before that place, and what is there of the word that it is in
   */
  public Completions.Offer complete(List<String> words) {
    if (words.size() <= 1) {
      List<String> all = new ArrayList<>(commands.keySet());
      all.add(HELP);
      return Completions.Offer.whole(all);
    }
    String name = withoutScope(words.getFirst());
    if (name.equals(HELP)) {
      return words.size() > 2 ? Completions.Offer.NONE : Completions.Offer.whole(names());
    }
    Entry entry = commands.get(name);
    return entry == null
        ? Completions.Offer.NONE
        : completions.of(entry.form(), words.subList(1, words.size() - 1), words.getLast());
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
    all.set(0, withoutScope(all.getFirst()));
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
    return name
        + ": "
        + purpose(name)
        + "\n"
        + arguments(name).indent(2)
        + Forms.example(name).map(example -> "  for example: " + example + "\n").orElse("");
  }
}
