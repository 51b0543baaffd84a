package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import holdfast.machine.admin.MigrationState;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What the log has of a migration. */
class MigrationLogTest {
  @Test
  @DisplayName(
      "a line for each state with the address, none for a round, and a mishap is told louder")
  void states() throws Exception {
    Logger logger = (Logger) LoggerFactory.getLogger(MigrationLog.class);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    logger.addAppender(log);
    try (OpenMachine there = OpenMachine.of()) {
      there.admin().migration().migrate("unix:/a\u001bb");
      for (int round = 1; round <= 3; round++) {
        there.migration.become(MigrationState.ACTIVE, round);
      }
      there.migration.become(MigrationState.FAILED, 3);
      there.admin().migration().migrate("tcp:b:1");
      there.migration.become(MigrationState.UNDECIDED, 1);
    } finally {
      logger.detachAppender(log);
      logger.setAdditive(true);
      logger.setLevel(null);
    }
    String first = "migration to unix:/a\\u001bb: ";
    assertEquals(
        List.of(
            "INFO " + first + "setup",
            "INFO "
                + first
                + "active: 12M sent in 1 rounds, 3M of 64M remaining, 0 pages/s dirtied, 8M/s sent,"
                + " downtime expected 380 ms",
            "WARN " + first + "failed after 1.5 s: the peer is gone",
            "INFO migration to tcp:b:1: setup",
            "ERROR migration to tcp:b:1: undecided after 1.5 s: the peer is gone"),
        log.list.stream().map(one -> one.getLevel() + " " + one.getFormattedMessage()).toList());
  }
}
