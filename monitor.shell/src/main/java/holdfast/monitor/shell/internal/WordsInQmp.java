package holdfast.monitor.shell.internal;

import holdfast.machine.api.SwapLimits;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.options.HelpText;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.TypedOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Says a {@code ram:} command in the words of QMP, whose answers are JSON. */
public final class WordsInQmp {
  /** Starts a swap. */
  public static final String SWAP = "x-holdfast-swap";

  /** Starts a migration, with parameters. */
  public static final String MIGRATE = "x-holdfast-migrate";

  private static final String ID = "id";

  private WordsInQmp() {}

  /**
   * A command of QMP.
   *
   * @param awaited whether it starts a swap or a migration whose end the shell would wait for
   */
  public record Said(String command, Map<String, Object> arguments, boolean awaited) {}

  /**
   * Returns the same wish.
   *
   * @param words the name of a command that there is, and its arguments
   * @throws CommandFailure if the arguments are wrong
   */
  public static Said of(List<String> words) {
    String name = words.getFirst();
    Object[] given = words.subList(1, words.size()).toArray();
    try {
      return switch (name) {
        case SummaryCommand.NAME -> {
          Arguments.read(SummaryCommand.NAME, given).words();
          yield said("x-holdfast-query-summary");
        }
        case SummaryCommand.RESTART -> {
          Arguments.read(SummaryCommand.RESTART, given).words();
          yield said("x-holdfast-restart");
        }
        case "status" -> none(name, "query-status", given);
        case "list" -> none(name, "x-holdfast-query-machine", given);
        case "options" -> options(given);
        case "pause" -> none(name, "stop", given);
        case "resume" -> none(name, "cont", given);
        case "show" ->
            Arguments.read(Forms.SHOW, given)
                .atMostOne()
                .map(id -> said("x-holdfast-query-backends", ID, id))
                .orElseGet(() -> said("x-holdfast-query-backends"));
        case "swaps" -> id(Forms.SWAPS, "x-holdfast-query-swaps", given);
        case "object_del" -> id(Forms.OBJECT_DEL, "object-del", given);
        case "device_del" -> unplug(given);
        case "system_reset" -> none(name, "system_reset", given);
        case "system_powerdown" -> none(name, "system_powerdown", given);
        case "use" -> {
          List<String> two = Arguments.read(Forms.USE, given).words("ID", "FILTER");
          yield said("x-holdfast-use", ID, two.get(0), "filter", two.get(1));
        }
        case "evacuate" -> {
          List<String> two = Arguments.read(Forms.EVACUATE, given).words("ID", "FILE");
          yield said("x-holdfast-evacuate", ID, two.get(0), "standby", two.get(1));
        }
        case "set" -> set(given);
        case "persist" -> persist(given);
        case "swap" -> swap(given);
        case "migrate" -> migrate(MigrationOrder.read(given));
        case "migrate_incoming" -> said("migrate-incoming", "uri", MigrationOrder.incoming(given));
        case "migration" -> none(name, "query-migrate", given);
        case "migration_parameters" -> parameters(MigrationOrder.changes(given));
        case "migrate_decide" -> decide(MigrationOrder.decided(given));
        case "object_add" ->
            add("object-add", "qom-type", BackendDefinitions.OPTION, Forms.OBJECT_ADD, given);
        case "device_add" ->
            add("device_add", "driver", DeviceDefinitions.OPTION, Forms.DEVICE_ADD, given);
        default -> throw new CommandFailure(name + " has no answer as JSON: leave -json out");
      };
    } catch (OptionException e) {
      throw new CommandFailure("" + e.getMessage());
    }
  }

  private static Said none(String name, String command, Object... given) {
    Arguments.read("ram:" + name, given).words();
    return new Said(command, Map.of(), false);
  }

  private static Said options(Object... given) {
    Arguments read = Arguments.read(Forms.OPTIONS, given);
    read.words();
    return read.has(RamCommands.FILES)
        ? said("x-holdfast-write-files", "folder", RamCommands.folder(read).toString())
        : said("x-holdfast-query-options");
  }

  private static Said id(String form, String command, Object... given) {
    return said(command, ID, Arguments.read(form, given).words("ID").getFirst());
  }

  private static Said said(String command, Object... pairs) {
    Map<String, Object> arguments = new LinkedHashMap<>();
    for (int at = 0; at < pairs.length; at += 2) {
      arguments.put((String) pairs[at], pairs[at + 1]);
    }
    return new Said(command, arguments, false);
  }

  /** Doesn't wait for the guest: an event says what becomes of it. */
  private static Said unplug(Object... given) {
    Arguments read = Arguments.read(Forms.DEVICE_DEL, given);
    String id = read.words("ID").getFirst();
    return read.has(MachineCommands.FORCE)
        ? said("device_del", ID, id, "x-holdfast-force", true)
        : said("device_del", ID, id);
  }

  private static Said set(Object... given) {
    List<String> three = Arguments.read(Forms.SET, given).words("ID", "PROPERTY", "VALUE");
    return said(
        "qom-set",
        "path",
        "/objects/" + three.get(0),
        "property",
        three.get(1),
        "value",
        three.get(2));
  }

  private static Said persist(Object... given) {
    Arguments read = Arguments.read(Forms.PERSIST, given);
    if (read.count() <= 1) {
      return said("x-holdfast-persist", ID, read.words("ID").getFirst());
    }
    List<String> three = read.words("ID", "OFFSET", "LENGTH");
    return said(
        "x-holdfast-persist",
        ID,
        three.get(0),
        "offset",
        RamCommands.bytes("offset", three.get(1)),
        "size",
        RamCommands.bytes("length", three.get(2)));
  }

  private static Said swap(Object... given) {
    Arguments read = Arguments.read(Forms.SWAP, given);
    if (read.has(SwapCommands.CANCEL)) {
      return said("x-holdfast-swap-cancel", ID, SwapCommands.cancelled(read));
    }
    List<String> two = read.words("ID", "PROPERTIES");
    SwapLimits limits = SwapCommands.limits(read);
    Map<String, Object> order = new LinkedHashMap<>();
    order.put(ID, two.get(0));
    order.put("changes", SwapCommands.changes(two.get(1)));
    order.put("downtime-limit", limits.downtime().toMillis());
    order.put("max-bandwidth", limits.bandwidth().bytes());
    order.put("rounds", limits.rounds());
    order.put("pause-limit", limits.pause().toMillis());
    order.put("verify", limits.verify());
    order.put("overwrite", limits.overwrite());
    return read.has("-plan")
        ? new Said("x-holdfast-plan-swap", order, false)
        : new Said(SWAP, order, !read.has("-background"));
  }

  private static Said migrate(MigrationOrder order) {
    if (order.cancels()) {
      return said("migrate_cancel");
    }
    Map<String, Object> arguments = new LinkedHashMap<>();
    arguments.put("uri", order.address());
    arguments.put("parameters", MigrationOrder.json(order.parameters()));
    return new Said(MIGRATE, arguments, !order.background());
  }

  private static Said parameters(Map<String, String> changes) {
    return changes.isEmpty()
        ? said("query-migrate-parameters")
        : new Said("migrate-set-parameters", MigrationOrder.json(changes), false);
  }

  private static Said decide(MigrationOrder.Decided decided) {
    return said("x-holdfast-migrate-decide", "decision", decided.word(), "proof", decided.proof());
  }

  private static Said add(
      String command, String typeKey, TypedOption option, String form, Object... given)
      throws OptionException {
    String text = Arguments.read(form, given).words(Form.of(form).words().getFirst()).getFirst();
    return switch (option.parse(text)) {
      case HelpText help -> throw new CommandFailure("help is no JSON: leave -json out");
      case ParsedObject parsed -> {
        Map<String, Object> arguments = new LinkedHashMap<>();
        arguments.put(typeKey, parsed.typeName());
        arguments.putAll(parsed.type().json(parsed.texts()));
        yield new Said(command, arguments, false);
      }
    };
  }
}
