package holdfast.ctl;

import holdfast.machine.config.options.Excerpt;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where answers are shown. Progress is one line that changes on a terminal, and a line for each
 * change elsewhere.
 */
final class Screen {
  /** ECMA-48: to the first column, and erase to the end of the line. */
  private static final String CLEAR = "\r\u001b[K";

  /** DECAWM: a line that is too long is cut, and not continued below. */
  private static final String CUT = "\u001b[?7l";

  private static final String WRAP = "\u001b[?7h";

  private final PrintWriter out;
  private final boolean inPlace;
  private String shown = "";

  /**
   * @param inPlace whether a line can be overwritten
   */
  Screen(PrintWriter out, boolean inPlace) {
    this.out = out;
    this.inPlace = inPlace;
  }

  /** Returns whether standard output is a terminal that can overwrite a line. */
  static boolean isTerminal(int descriptor) {
    try {
      String where = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return where.matches("/dev/(pts/|tty|console).*")
          && !"dumb".equals(System.getenv().getOrDefault("TERM", "dumb"));
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /** Shows text of the machine's, which can have several lines. */
  void show(String text) {
    endProgress();
    text.lines().forEach(line -> out.println(Excerpt.onOneLine(line)));
    out.flush();
  }

  /** Shows how far something is. */
  void progress(String text) {
    String line = Excerpt.onOneLine(text);
    if (line.equals(shown)) {
      return;
    }
    shown = line;
    if (inPlace) {
      out.print(CLEAR + CUT + line + WRAP);
    } else {
      out.println(line);
    }
    out.flush();
  }

  /** Leaves the line on which progress was shown. */
  void endProgress() {
    if (inPlace && !shown.isEmpty()) {
      out.print(CLEAR);
      out.flush();
    }
    shown = "";
  }

  /** Goes below the line of progress, which stays. */
  void leaveProgress() {
    if (inPlace && !shown.isEmpty()) {
      out.println();
      out.flush();
    }
    shown = "";
  }
}
