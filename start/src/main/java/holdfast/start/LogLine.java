package holdfast.start;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.CoreConstants;
import ch.qos.logback.core.LayoutBase;
import org.jspecify.annotations.Nullable;

/**
 * A line of the log: the time if it is wanted, a priority for the journal, who says it, what is
 * said; behind it the stack of an exception. A message may hold a path, and a path anything: what a
 * terminal would obey, or take for the end of a line, is not printed.
 */
final class LogLine extends LayoutBase<ILoggingEvent> {
  /** Who logs. */
  enum Source {
    /** Holdfast itself: it says its name, and how serious it is. */
    HOLDFAST,

    /** Holdfast, of something that takes a while. */
    PROGRESS,

    /** All else, by the logger's name. */
    OTHERS
  }

  /** Stands for a character that is not printed. */
  private static final char REPLACEMENT = '\uFFFD';

  private final Source source;
  private final boolean isJournal;
  private final String timePattern;
  private final ThrowableProxyConverter stack = new ThrowableProxyConverter();
  private @Nullable PatternLayout time;

  /**
   * @param isJournal whether systemd's journal reads the lines: it takes a priority from the
   *     beginning of each (sd-daemon(3))
   * @param timePattern logback's pattern for what comes first; may be empty
   */
  LogLine(Source source, boolean isJournal, String timePattern) {
    this.source = source;
    this.isJournal = isJournal;
    this.timePattern = timePattern;
  }

  /** Returns one with what {@code ./holdfast} sets for a machine in the background. */
  static LogLine of(Source source) {
    return new LogLine(
        source,
        Boolean.getBoolean("holdfast.journal"),
        System.getProperty("holdfast.log.time", ""));
  }

  @Override
  public void start() {
    stack.start();
    if (!timePattern.isEmpty()) {
      PatternLayout layout = new PatternLayout();
      layout.setContext(getContext());
      layout.setPattern(timePattern + "%nopex");
      layout.start();
      time = layout;
    }
    super.start();
  }

  @Override
  public String doLayout(ILoggingEvent event) {
    StringBuilder line = new StringBuilder();
    PatternLayout first = time;
    if (first != null) {
      line.append(first.doLayout(event));
    }
    Level level = event.getLevel();
    if (isJournal) {
      line.append(priority(level));
    }
    switch (source) {
      case HOLDFAST -> line.append("holdfast: ").append(seriousness(level));
      case PROGRESS -> line.append("holdfast: ");
      case OTHERS -> line.append(event.getLoggerName()).append(": ");
    }
    return line.append(printable(event.getFormattedMessage()))
        .append(CoreConstants.LINE_SEPARATOR)
        .append(stack.convert(event))
        .toString();
  }

  /** Returns the priority as sd-daemon(3) writes it. */
  private static String priority(Level level) {
    return switch (level.toInt()) {
      case Level.ERROR_INT -> "<3>";
      case Level.WARN_INT -> "<4>";
      case Level.INFO_INT -> "<6>";
      default -> "";
    };
  }

  private static String seriousness(Level level) {
    return switch (level.toInt()) {
      case Level.ERROR_INT -> "error: ";
      case Level.WARN_INT -> "warning: ";
      case Level.INFO_INT -> "";
      default -> level + ": ";
    };
  }

  private static String printable(@Nullable String message) {
    String text = "" + message;
    StringBuilder shown = new StringBuilder(text.length());
    for (int at = 0; at < text.length(); at = text.offsetByCodePoints(at, 1)) {
      int codePoint = text.codePointAt(at);
      if (OneLine.isShown(codePoint)) {
        shown.appendCodePoint(codePoint);
      } else {
        shown.append(REPLACEMENT);
      }
    }
    return shown.toString();
  }
}
