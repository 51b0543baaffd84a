package holdfast.monitor.shell.report;

import holdfast.machine.config.options.Excerpt;
import java.util.List;
import java.util.regex.Pattern;

/** Shows the options of a command line so that they can be copied into a shell. */
public final class OptionsReport {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./:=,@%+-]+");

  private OptionsReport() {}

  /**
   * Returns the options, each with its value on a line of its own that goes on in the next.
   *
   * @param words each option, followed by its value
   */
  public static String text(List<String> words) {
    StringBuilder lines = new StringBuilder();
    for (int at = 0; at < words.size(); at += 2) {
      lines.append(words.get(at)).append(' ').append(quoted(words.get(at + 1)));
      lines.append(at + 2 < words.size() ? " \\\n" : "\n");
    }
    return lines.toString();
  }

  /** Returns a word as a shell reads it: as it is, in quotes, or in those of bash for a control. */
  static String quoted(String word) {
    if (PLAIN.matcher(word).matches()) {
      return word;
    }
    if (word.codePoints().allMatch(Excerpt::isPrintable)) {
      return "'" + word.replace("'", "'\\''") + "'";
    }
    StringBuilder escaped = new StringBuilder("$'");
    word.codePoints()
        .forEach(
            point -> {
              if (!Excerpt.isPrintable(point)) {
                escaped.append("\\U%08x".formatted(point));
              } else {
                if (point == '\'' || point == '\\') {
                  escaped.append('\\');
                }
                escaped.appendCodePoint(point);
              }
            });
    return escaped.append('\'').toString();
  }
}
