package holdfast.machine.core;

import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.MigrationWords;
import holdfast.machine.config.options.Excerpt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a line into the log for each state of a migration. Used by one thread at a time, that of
 * who publishes: nobody else would be done with it before the process ends.
 */
final class MigrationLog {
  private static final Logger LOG = LoggerFactory.getLogger(MigrationLog.class);

  private MigrationState known = MigrationState.NONE;

  /** Writes the line, if it is another state than the last one. */
  void write(AdminEvent.Change change) {
    if (!(change instanceof AdminEvent.MigrationProgressed(MigrationStatus status))
        || status.state() == known) {
      return;
    }
    known = status.state();
    switch (known) {
      case FAILED -> LOG.warn("{}", line(status));
      case UNDECIDED -> LOG.error("{}", line(status));
      default -> {
        if (LOG.isInfoEnabled()) { // the first words take 30 ms, for which the guest may wait
          LOG.info("{}", line(status));
        }
      }
    }
  }

  private static String line(MigrationStatus status) {
    return Excerpt.onOneLine(MigrationWords.line(status));
  }
}
