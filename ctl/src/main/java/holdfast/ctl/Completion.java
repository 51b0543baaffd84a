package holdfast.ctl;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;

/** Completes commands, ids and properties, which it asks the machine for. */
record Completion(Connection connection) implements Completer {
  private static final String SCOPE = "ram:";
  private static final String OBJECTS = "/objects";
  private static final String DEVICES = "/machine/peripheral";
  private static final List<String> OF_SWAP =
      List.of(
          "-plan",
          "-background",
          "-verify",
          "-overwrite",
          "-downtime-limit",
          "-max-bandwidth",
          "-rounds",
          "-pause-limit",
          "-cancel",
          "-json");

  private static final List<String> PARAMETERS =
      List.of(
          "downtime-limit",
          "max-bandwidth",
          "x-holdfast-peer",
          "x-holdfast-peer-machine",
          "x-holdfast-tls-dir",
          "tls-hostname");
  private static final List<String> OF_MIGRATE =
      List.of(
          "-peer",
          "-peer-machine",
          "-downtime-limit",
          "-max-bandwidth",
          "-tls-dir",
          "-tls-hostname",
          "-background",
          "-cancel",
          "-json");

  @Override
  public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
    if (line.wordIndex() == 0) {
      Stream.concat(names("x-holdfast-query-words", Map.of()), Stream.of("help", "quit", "exit"))
          .forEach(name -> candidates.add(new Candidate(name)));
      return;
    }
    String first = line.words().getFirst();
    String command = first.startsWith(SCOPE) ? first.substring(SCOPE.length()) : first;
    switch (line.wordIndex()) {
      case 1 -> first(command).forEach(candidates::add);
      case 2 -> second(command, line.words().get(1)).forEach(candidates::add);
      default -> later(command, line.words().get(line.wordIndex() - 1)).forEach(candidates::add);
    }
  }

  private Stream<Candidate> first(String command) {
    return switch (command) {
      case "show", "use", "set", "persist", "swap", "swaps", "evacuate", "object_del" ->
          whole(children(OBJECTS));
      case "device_del" -> whole(children(DEVICES));
      case "object_add" ->
          begun(names("qom-list-types", Map.of("implements", "memory-backend")), ",");
      case "device_add" -> begun(names("qom-list-types", Map.of("implements", "device")), ",");
      case "migrate" ->
          Stream.concat(begun(Stream.of("tcp", "unix", "file"), ":"), options(command));
      case "migrate_incoming" -> begun(Stream.of("tcp", "unix", "file"), ":");
      case "migration_parameters" ->
          Stream.concat(begun(PARAMETERS.stream(), "="), options(command));
      case "migrate_decide" -> whole(Stream.of("here", "elsewhere"));
      case "help" -> whole(names("x-holdfast-query-words", Map.of()));
      default -> options(command);
    };
  }

  private Stream<Candidate> second(String command, String id) {
    return switch (command) {
      case "set" -> whole(properties(id));
      case "swap" -> Stream.concat(begun(properties(id), "="), options(command));
      default -> later(command, id);
    };
  }

  private Stream<Candidate> later(String command, String before) {
    return switch (command) {
      case "migration_parameters" -> begun(PARAMETERS.stream(), "=");
      case "migrate" ->
          before.equals("-peer") ? whole(Stream.of("holdfast", "qemu")) : options(command);
      default -> options(command);
    };
  }

  private static Stream<Candidate> options(String command) {
    return whole(
        switch (command) {
          case "swap" -> OF_SWAP.stream();
          case "migrate" -> OF_MIGRATE.stream();
          case "options" -> Stream.of("-files", "-json");
          default -> Stream.of("-json");
        });
  }

  private Stream<String> children(String path) {
    return names("qom-list", Map.of("path", path));
  }

  private Stream<String> properties(String id) {
    return names("qom-list", Map.of("path", OBJECTS + "/" + id));
  }

  private Stream<String> names(String command, Map<String, ?> arguments) {
    return CtlShell.ask(connection, command, arguments).stream()
        .map(one -> String.valueOf(one.get("name")))
        // what a terminal could obey isn't typed for anybody
        .filter(name -> name.matches("[A-Za-z0-9_.:-]+"));
  }

  private static Stream<Candidate> whole(Stream<String> words) {
    return words.map(Candidate::new);
  }

  /** Words that are not whole: no blank is put behind them. */
  private static Stream<Candidate> begun(Stream<String> words, String end) {
    return words.map(word -> new Candidate(word + end, word, null, null, null, null, false));
  }
}
