package holdfast.monitor.shell.internal;

import holdfast.machine.admin.MigrationAdmin.Decision;
import holdfast.machine.admin.MigrationWords;
import holdfast.machine.config.options.Excerpt;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.PropertyType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the words of {@code ram:migrate} ask for.
 *
 * @param address where the guest goes; empty if a migration is cancelled
 * @param parameters those that change before, by QEMU's names
 * @param background whether nobody waits for its end
 * @param cancels whether the one under way is cancelled
 */
record MigrationOrder(
    String address, Map<String, String> parameters, boolean background, boolean cancels) {
  /** The command. */
  static final String NAME = "ram:migrate";

  private static final String ADDRESS = "ADDRESS";
  private static final String CANCEL = "-cancel";
  private static final String DOWNTIME = "-downtime-limit";
  private static final String BANDWIDTH = "-max-bandwidth";

  /** The parameters that are texts, by their options. */
  private static final Map<String, String> TEXTS =
      Map.of(
          "-peer", MigrationWords.PEER,
          "-peer-machine", MigrationWords.PEER_MACHINE,
          "-tls-dir", MigrationWords.TLS_FOLDER,
          "-tls-hostname", MigrationWords.TLS_HOSTNAME);

  /** Reads the arguments of {@code ram:migrate}. */
  static MigrationOrder read(Object... given) {
    Arguments arguments = Arguments.read(Forms.MIGRATE, given);
    if (arguments.has(CANCEL)) {
      arguments.words();
      String other = arguments.otherThan(CANCEL);
      if (!other.isEmpty()) {
        throw arguments.mistake("-cancel goes with no other option, and " + other + " is there");
      }
      return new MigrationOrder("", Map.of(), false, true);
    }
    String address = arguments.words(ADDRESS).getFirst();
    Map<String, String> parameters = new LinkedHashMap<>();
    if (arguments.has(DOWNTIME)) {
      parameters.put(
          MigrationWords.DOWNTIME_LIMIT, Integer.toString(arguments.number(DOWNTIME, 0, 0)));
    }
    if (arguments.has(BANDWIDTH)) {
      parameters.put(
          MigrationWords.MAX_BANDWIDTH, bytes(BANDWIDTH + " ", arguments.value(BANDWIDTH, "")));
    }
    TEXTS.forEach(
        (option, name) -> {
          if (arguments.has(option)) {
            parameters.put(name, arguments.value(option, ""));
          }
        });
    return new MigrationOrder(address, parameters, arguments.has("-background"), false);
  }

  private static String bytes(String beginning, String size) {
    try {
      return Long.toString(PropertyType.size().parse(size).bytes());
    } catch (OptionException e) {
      throw new CommandFailure(beginning + e.getMessage());
    }
  }

  /** Returns where {@code ram:migrate_incoming} is to listen. */
  static String incoming(Object... given) {
    return Arguments.read(Forms.MIGRATE_INCOMING, given).words(ADDRESS).getFirst();
  }

  /** Returns what {@code ram:migration_parameters} changes; sizes and times are numbers. */
  static Map<String, String> changes(Object... given) {
    Arguments arguments = Arguments.read(Forms.PARAMETERS, given);
    Map<String, String> changes = new LinkedHashMap<>();
    for (Object one : given) {
      String word = String.valueOf(one);
      int equals = word.indexOf('=');
      if (equals <= 0) {
        throw arguments.mistake(Excerpt.of(word) + " is not of the form NAME=VALUE");
      }
      String name = word.substring(0, equals);
      String value = word.substring(equals + 1);
      changes.put(
          name,
          switch (name) {
            case MigrationWords.MAX_BANDWIDTH -> bytes(name + "=", value);
            case MigrationWords.DOWNTIME_LIMIT -> number(arguments, name, value);
            default -> value;
          });
    }
    return changes;
  }

  private static String number(Arguments arguments, String name, String value) {
    try {
      return Long.toString(Long.parseLong(value));
    } catch (NumberFormatException e) {
      throw arguments.mistake(
          name + "=" + Excerpt.onOneLine(value) + " is not a whole number of milliseconds");
    }
  }

  /** Returns parameters as QMP has them: sizes and times are numbers there. */
  static Map<String, Object> json(Map<String, String> parameters) {
    Map<String, Object> all = new LinkedHashMap<>();
    parameters.forEach(
        (name, value) ->
            all.put(
                name,
                switch (name) {
                  case MigrationWords.MAX_BANDWIDTH, MigrationWords.DOWNTIME_LIMIT ->
                      Long.valueOf(value);
                  default -> value;
                }));
    return all;
  }

  /** What {@code ram:migrate_decide} says. */
  record Decided(Decision decision, String proof) {
    /** Returns QMP's word for it. */
    String word() {
      return decision.name().toLowerCase(Locale.ROOT);
    }
  }

  /** Reads the arguments of {@code ram:migrate_decide}. */
  static Decided decided(Object... given) {
    Arguments arguments = Arguments.read(Forms.DECIDE, given);
    List<String> words =
        arguments.count() <= 1
            ? arguments.words("here|elsewhere")
            : arguments.words("here|elsewhere", "PROOF");
    Decision decision =
        switch (words.getFirst()) {
          case "here" -> Decision.HERE;
          case "elsewhere" -> Decision.ELSEWHERE;
          default ->
              throw arguments.mistake(
                  Excerpt.of(words.getFirst()) + " is neither here nor elsewhere");
        };
    return new Decided(decision, words.size() > 1 ? words.get(1) : "");
  }
}
