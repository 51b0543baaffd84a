package holdfast.launcher.internal.cli;

import holdfast.machine.config.options.PathNames;
import holdfast.monitor.shell.command.OperatorCommands;
import holdfast.monitor.shell.command.OperatorCommands.Offer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.jline.builtins.Completers.CompletionData;
import org.jline.reader.Candidate;
import org.jline.reader.ParsedLine;

/**
 * Completes the arguments of the machine's commands, in the way in which Gogo completes those of
 * its own: a table has, by command, its options, and a function for its other arguments.
 */
final class ShellCompletion {
  /** The variable with the function, named like those of Gogo's profile. */
  private static final String WORDS = "__holdfast_words";

  private static final String SCOPE = "ram:";
  private static final String HELP = "gogo:help";

  /** Gogo's variable with the names of all commands. */
  private static final String ALL = "$.commands";

  private final Supplier<Optional<OperatorCommands>> commands;

  /** Gogo's own are in it, too, which its profile adds. */
  private final Map<String, List<CompletionData>> table = new HashMap<>();

  private ShellCompletion(Supplier<Optional<OperatorCommands>> commands) {
    this.commands = commands;
  }

  /**
   * Completes in a session.
   *
   * @param commands the commands of the machine; empty while it has none
   */
  static void in(CommandSession session, Supplier<Optional<OperatorCommands>> commands) {
    ShellCompletion completion = new ShellCompletion(commands);
    session.put(WORDS, (Function) (current, none) -> completion.words(current));
    // Gogo makes a new table each time that it begins; a variable with # is asked for instead
    session.put("#" + Shell.VAR_COMPLETIONS, (Function) (current, none) -> completion.table());
  }

  private Map<String, List<CompletionData>> table() {
    commands
        .get()
        .ifPresent(
            known -> {
              for (OperatorCommands.Description one : known.all()) {
                table.put(scoped(one.name()), data(known, one.name()));
              }
              table.put(HELP, List.of(new CompletionData(null, null, ALL, null)));
            });
    return table;
  }

  private static String scoped(String name) {
    return name.contains(":") ? name : SCOPE + name;
  }

  /** Returns one entry for each option: those of one entry are shown as names of the same. */
  private static List<CompletionData> data(OperatorCommands known, String name) {
    List<CompletionData> all = new ArrayList<>();
    for (String option : known.complete(List.of(name, "-")).whole()) {
      all.add(new CompletionData(List.of(option), null, null, null));
    }
    all.add(arguments());
    return all;
  }

  private static CompletionData arguments() {
    return new CompletionData(null, null, WORDS, null);
  }

  private List<Candidate> words(CommandSession session) {
    Optional<OperatorCommands> known = commands.get();
    ParsedLine line = Shell.getParsedLine(session);
    if (known.isEmpty() || line == null) {
      return List.of();
    }
    String typed = line.word().substring(0, line.wordCursor());
    List<String> words = new ArrayList<>(line.words().subList(0, line.wordIndex()));
    words.add(typed);
    Offer offer = known.get().complete(words);
    String kept = typed.substring(0, offer.from());
    List<Candidate> candidates = new ArrayList<>();
    offer.whole().forEach(name -> candidates.add(candidate(kept, name, true)));
    offer.begun().forEach(name -> candidates.add(candidate(kept, name, false)));
    if (offer.path()) {
      PathNames.beginning(typed.substring(kept.length()), true)
          .forEach(path -> candidates.add(candidate(kept, path, !path.endsWith("/"))));
    }
    return candidates;
  }

  /** Returns a candidate; if it is not whole, no blank is put behind it. */
  private static Candidate candidate(String kept, String name, boolean whole) {
    return new Candidate(kept + name, name, null, null, null, null, whole);
  }
}
