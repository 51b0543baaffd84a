package holdfast.start;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.Configurator.ExecutionStatus;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.joran.spi.JoranException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the product's log looks like. */
class LogLineTest {
  private static final String TIME = "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} ";

  private static LoggingEvent event(
      LoggerContext log, String logger, Level level, String message, @Nullable Throwable failure) {
    LoggingEvent event =
        new LoggingEvent("", log.getLogger(logger), level, message, failure, new Object[0]);
    event.setInstant(Instant.parse("2026-03-01T02:03:04.567Z"));
    return event;
  }

  private static String line(LogLine.Source source, boolean isJournal, ILoggingEvent event) {
    LogLine line = new LogLine(source, isJournal, "");
    line.start();
    return line.doLayout(event);
  }

  @Test
  @DisplayName("a line says who says it and how serious it is, and nothing that a terminal obeys")
  void words() {
    LoggerContext log = new LoggerContext();
    ILoggingEvent event =
        event(log, "holdfast.a", Level.WARN, "'/a\u001b[31m\u202e\n\ud83d\ude00\ud800' {}", null);
    String n = System.lineSeparator();
    String shown = "'/a\ufffd[31m\ufffd\ufffd\ud83d\ude00\ufffd' {}" + n;
    assertEquals("holdfast: warning: " + shown, line(LogLine.Source.HOLDFAST, false, event));
    assertEquals("<4>holdfast: warning: " + shown, line(LogLine.Source.HOLDFAST, true, event));
    assertEquals("holdfast: " + shown, line(LogLine.Source.PROGRESS, false, event));
    assertEquals("holdfast.a: " + shown, line(LogLine.Source.OTHERS, false, event));
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("each line is the one that logback makes of the same settings in a file")
  void sameAsTheFile(LogLine.Source source) throws JoranException {
    for (boolean isJournal : List.of(false, true)) {
      for (String time : List.of("", TIME)) {
        LoggerContext log = new LoggerContext();
        log.putProperty("holdfast.journal", isJournal ? "true" : "");
        log.putProperty("holdfast.log.time", time);
        JoranConfigurator file = new JoranConfigurator();
        file.setContext(log);
        file.doConfigure(System.getProperty("logback.configurationFile", ""));
        LogLine own = new LogLine(source, isJournal, time);
        own.setContext(log);
        own.start();
        String name = source.name().toLowerCase(Locale.ROOT);
        String logger =
            Map.of("holdfast", "holdfast", "progress", "holdfast.progress", "others", "ROOT")
                .get(name);
        OutputStreamAppender<ILoggingEvent> theirs =
            (OutputStreamAppender<ILoggingEvent>) log.getLogger("" + logger).getAppender(name);
        for (Level level : List.of(Level.ERROR, Level.WARN, Level.INFO, Level.DEBUG, Level.TRACE)) {
          for (Throwable failure :
              new @Nullable Throwable[] {
                null, new IllegalStateException("one", new RuntimeException("two"))
              }) {
            ILoggingEvent event = event(log, "a.b", level, "c \u0085\u2029 $1 \\ d", failure);
            assertEquals(new String(theirs.getEncoder().encode(event), UTF_8), own.doLayout(event));
          }
        }
      }
    }
  }

  @Test
  @DisplayName("of Holdfast warnings are told, of all else errors, and no message twice")
  void levels() {
    LoggerContext log = new LoggerContext();
    String file = System.clearProperty("logback.configurationFile");
    try {
      assertEquals(ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY, new LogSettings().configure(log));
    } finally {
      System.setProperty("logback.configurationFile", "" + file);
    }
    assertEquals(Level.WARN, log.getLogger("holdfast.machine").getEffectiveLevel());
    assertEquals(Level.INFO, log.getLogger("holdfast.progress").getEffectiveLevel());
    assertEquals(Level.ERROR, log.getLogger("org.apache").getEffectiveLevel());
    for (String own : List.of("holdfast", "holdfast.progress")) {
      Logger logger = log.getLogger(own);
      assertEquals(false, logger.isAdditive());
    }
  }

  @Test
  @DisplayName("a file that the operator names counts in place of the product's settings")
  void file() {
    assertEquals(
        ExecutionStatus.INVOKE_NEXT_IF_ANY, new LogSettings().configure(new LoggerContext()));
  }
}
