package holdfast.monitor.qmp.internal.command;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.HoldfastException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MigratedRam;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.MigrationWords;
import holdfast.machine.config.options.Excerpt;
import holdfast.machine.config.options.PropertyType;
import holdfast.machine.config.options.SizeUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The commands for people about migrations, in the words of QEMU's monitor. */
final class HumanMigration {
  /** What there is, and what for. */
  static final List<String> HELP =
      List.of(
          "info migrate -- show the migration that is under way, or else the last one",
          "info migrate_parameters -- show what holds for migrations",
          "info migrate_capabilities -- show QEMU's capabilities",
          "migrate [-d] URI -- move the guest to URI, without waiting for the end",
          "migrate_cancel -- cancel the migration that is under way",
          "migrate_incoming URI -- listen for a guest",
          "migrate_set_parameter NAME VALUE -- change what holds for migrations",
          "migrate_set_capability NAME on|off -- turn a capability on or off");

  private static final long KIB = 1024;

  private final MachineAdmin admin;
  private final MigrationCapabilities capabilities;

  HumanMigration(MachineAdmin admin, MigrationCapabilities capabilities) {
    this.admin = admin;
    this.capabilities = capabilities;
  }

  /**
   * Returns what a command prints.
   *
   * @param words with one blank between them
   * @return empty if it is none of these commands
   */
  Optional<List<String>> answer(String words) throws HoldfastException {
    List<String> all = List.of(words.split(" "));
    List<String> arguments = all.subList(1, all.size());
    return switch (all.getFirst()) {
      case "info" ->
          switch (words) {
            case "info migrate" -> Optional.of(info(admin.migration().status()));
            case "info migrate_parameters" -> Optional.of(parameters());
            case "info migrate_capabilities" -> Optional.of(capabilities());
            default -> Optional.empty();
          };
      case "migrate" -> Optional.of(migrate(arguments));
      case "migrate_cancel" -> {
        require(arguments, 0, words);
        admin.migration().cancel();
        yield Optional.of(List.of());
      }
      case "migrate_incoming" -> {
        require(arguments, 1, "migrate_incoming URI");
        admin.migration().listen(arguments.getFirst());
        yield Optional.of(List.of());
      }
      case "migrate_set_parameter" -> {
        require(arguments, 2, "migrate_set_parameter NAME VALUE");
        set(arguments.get(0), arguments.get(1));
        yield Optional.of(List.of());
      }
      case "migrate_set_capability" -> {
        require(arguments, 2, "migrate_set_capability NAME on|off");
        capabilities.set(
            List.of(
                Map.of(
                    "capability",
                    arguments.get(0),
                    "state",
                    PropertyType.bool().parse(arguments.get(1)))));
        yield Optional.of(List.of());
      }
      default -> Optional.empty();
    };
  }

  private static void require(List<String> arguments, int count, String form) throws QmpException {
    if (arguments.size() != count) {
      throw QmpException.generic("write " + form);
    }
  }

  private List<String> migrate(List<String> arguments) throws HoldfastException {
    boolean detached = !arguments.isEmpty() && arguments.getFirst().equals("-d");
    List<String> rest = detached ? arguments.subList(1, arguments.size()) : arguments;
    require(rest, 1, "migrate [-d] URI");
    if (rest.getFirst().startsWith("-")) {
      throw QmpException.generic(
          "there is no option " + Excerpt.of(rest.getFirst()) + ": write migrate [-d] URI");
    }
    admin.migration().migrate(rest.getFirst());
    return detached
        ? List.of()
        : List.of("this command does not wait for the end: see info migrate");
  }

  /** A size without a suffix is in MiB, as in QEMU's. */
  private void set(String name, String value) throws HoldfastException {
    admin
        .migration()
        .setParameters(
            Map.of(
                name,
                name.equals(MigrationWords.MAX_BANDWIDTH)
                    ? Long.toString(PropertyType.size(SizeUnit.M).parse(value).bytes())
                    : value));
  }

  private List<String> parameters() throws HoldfastException {
    List<String> lines = new ArrayList<>();
    MigrationWords.parameters(admin.migration().parameters())
        .forEach(
            (name, value) ->
                lines.add(
                    name
                        + ": "
                        + switch (name) {
                          case MigrationWords.DOWNTIME_LIMIT -> value + " ms";
                          case MigrationWords.MAX_BANDWIDTH -> value + " bytes/second";
                          default -> value.isEmpty() ? "''" : Excerpt.onOneLine(value);
                        }));
    return lines;
  }

  private List<String> capabilities() {
    return capabilities.all().stream()
        .map(
            one ->
                one.get("capability")
                    + ": "
                    + (Boolean.TRUE.equals(one.get("state")) ? "on" : "off"))
        .toList();
  }

  private static List<String> info(MigrationStatus status) {
    List<String> lines = new ArrayList<>();
    if (status.state() == MigrationState.NONE) {
      return lines;
    }
    lines.add(
        "Migration status: "
            + status.state().label()
            + status.error().map(error -> " (" + Excerpt.onOneLine(error) + ")").orElse(""));
    lines.add("total time: " + status.time().toMillis() + " ms");
    status
        .expectedDowntime()
        .ifPresent(time -> lines.add("expected downtime: " + time.toMillis() + " ms"));
    status.downtime().ifPresent(time -> lines.add("downtime: " + time.toMillis() + " ms"));
    status.setup().ifPresent(time -> lines.add("setup: " + time.toMillis() + " ms"));
    MigratedRam ram = status.ram();
    if (ram.total().bytes() > 0) {
      lines.add("transferred ram: " + kilobytes(ram.transferred()));
      lines.add(
          String.format(Locale.ROOT, "throughput: %.2f mbps", ram.bytesPerSecond() * 8 / 1e6));
      lines.add("remaining ram: " + kilobytes(ram.remaining()));
      lines.add("total ram: " + kilobytes(ram.total()));
      lines.add("duplicate: " + ram.zeroPages() + " pages");
      lines.add("normal: " + ram.normalPages() + " pages");
      lines.add("dirty sync count: " + ram.rounds());
      if (ram.dirtyPagesRate() > 0) {
        lines.add("dirty pages rate: " + ram.dirtyPagesRate() + " pages");
      }
    }
    return lines;
  }

  private static String kilobytes(ByteSize size) {
    return size.bytes() / KIB + " kbytes";
  }
}
