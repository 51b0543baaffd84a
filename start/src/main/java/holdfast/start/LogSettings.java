package holdfast.start;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.joran.spi.ConsoleTarget;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.status.NopStatusListener;

/**
 * Says what is logged, and where to: everything to standard error, since standard output belongs to
 * the product. Logback finds this as a service. Of a file with the same settings, logback's reading
 * alone took a third of what {@code -probe} does, and loaded 420 classes.
 *
 * <p>The system property {@code logback.configurationFile} names a file that counts instead.
 */
public final class LogSettings extends ContextAwareBase implements Configurator {
  /** Logback's property with the file that counts instead. */
  private static final String FILE = "logback.configurationFile";

  /** How much is told of Holdfast: INFO of each event, DEBUG of much more. */
  private static final String LEVEL = "holdfast.log";

  @Override
  public ExecutionStatus configure(LoggerContext log) {
    if (System.getProperty(FILE) != null) {
      return ExecutionStatus.INVOKE_NEXT_IF_ANY;
    }
    log.getStatusManager().add(new NopStatusListener());
    // How far something is that takes a while.
    own(log, "holdfast.progress", Level.INFO, LogLine.Source.PROGRESS);
    Level level = Level.toLevel(System.getProperty(LEVEL, "WARN"));
    own(log, "holdfast", level, LogLine.Source.HOLDFAST);
    Logger root = log.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.setLevel(Level.ERROR);
    root.addAppender(appender(log, LogLine.Source.OTHERS));
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  private static void own(LoggerContext log, String name, Level level, LogLine.Source source) {
    Logger logger = log.getLogger(name);
    logger.setLevel(level);
    logger.setAdditive(false);
    logger.addAppender(appender(log, source));
  }

  private static ConsoleAppender<ILoggingEvent> appender(LoggerContext log, LogLine.Source source) {
    LogLine line = LogLine.of(source);
    line.setContext(log);
    line.start();
    LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
    encoder.setContext(log);
    encoder.setLayout(line);
    encoder.start();
    ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
    appender.setContext(log);
    appender.setName(source.name());
    appender.setTarget(ConsoleTarget.SystemErr.getName());
    appender.setEncoder(encoder);
    appender.start();
    return appender;
  }
}
