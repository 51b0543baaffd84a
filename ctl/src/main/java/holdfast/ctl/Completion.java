package holdfast.ctl;

import holdfast.machine.config.options.PathNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.LineReader;
import org.jline.reader.ParsedLine;
import org.jspecify.annotations.Nullable;

/**
 * Completes what is typed with what the machine offers, which knows the commands, and with paths of
 * this host.
 */
record Completion(Connection connection) implements Completer {
  /** What a terminal could obey isn't typed for anybody. */
  private static final Pattern HARMLESS = Pattern.compile("[A-Za-z0-9_.:,=-]+");

  /** The commands that are not the machine's. */
  private static final List<String> OWN = List.of(Operator.QUIT, "exit");

  @Override
  public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
    String typed = line.word().substring(0, line.wordCursor());
    List<String> words = new ArrayList<>(line.words().subList(0, line.wordIndex()));
    words.add(typed);
    if (line.wordIndex() == 0) {
      OWN.forEach(name -> candidates.add(new Candidate(name)));
    } else if (typed.startsWith("-")) {
      candidates.add(new Candidate(Operator.JSON));
    }
    Map<?, ?> offer = CtlShell.ask(connection, "x-holdfast-complete", Map.of("words", words));
    if (!(offer.get("from") instanceof Number from)
        || from.intValue() < 0
        || from.intValue() > typed.length()) {
      return;
    }
    String kept = typed.substring(0, from.intValue());
    names(offer.get("whole")).forEach(name -> candidates.add(candidate(kept, name, true)));
    names(offer.get("begun")).forEach(name -> candidates.add(candidate(kept, name, false)));
    if (Boolean.TRUE.equals(offer.get("path"))) {
      // a relative one begins where the machine was started
      PathNames.beginning(typed.substring(kept.length()), false)
          .forEach(path -> candidates.add(candidate(kept, path, !path.endsWith("/"))));
    }
  }

  private static Stream<String> names(@Nullable Object list) {
    return list instanceof List<?> names
        ? names.stream().map(String::valueOf).filter(name -> HARMLESS.matcher(name).matches())
        : Stream.of();
  }

  /** Returns a candidate; if it is not whole, no blank is put behind it. */
  private static Candidate candidate(String kept, String name, boolean whole) {
    return new Candidate(kept + name, name, null, null, null, null, whole);
  }
}
