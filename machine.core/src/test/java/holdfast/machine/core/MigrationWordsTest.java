package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.machine.admin.MigrationParameters;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.MigrationWords;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** A migration in one sentence. */
class MigrationWordsTest {
  private static DynamicTest says(String line, MigrationState state, boolean incoming, int rounds) {
    return DynamicTest.dynamicTest(
        line,
        () ->
            assertEquals(
                line,
                MigrationWords.line(FakeMigration.status(state, incoming, "tcp:b:1", rounds))));
  }

  @TestFactory
  @DisplayName("each state has its sentence, with what is known then")
  Stream<DynamicTest> lines() {
    return Stream.of(
        says("migration to tcp:b:1: setup", MigrationState.SETUP, false, 0),
        says("migration from tcp:b:1: setup", MigrationState.SETUP, true, 0),
        says(
            "migration to tcp:b:1: active: 12M sent in 2 rounds, 3M of 64M remaining,"
                + " 700 pages/s dirtied, 8M/s sent, downtime expected 380 ms",
            MigrationState.ACTIVE,
            false,
            2),
        says(
            "migration from tcp:b:1: active: 12M received for memory of 64M",
            MigrationState.ACTIVE,
            true,
            0),
        says(
            "migration to tcp:b:1: device: the guest writers are stopped, 12M sent in 2 rounds,"
                + " 3M of 64M remaining, 700 pages/s dirtied, 8M/s sent",
            MigrationState.DEVICE,
            false,
            2),
        says("migration to tcp:b:1: cancelling", MigrationState.CANCELLING, false, 2),
        says("migration to tcp:b:1: cancelled after 1.5 s", MigrationState.CANCELLED, false, 2),
        says(
            "migration to tcp:b:1: completed: 12M sent in 2 rounds, guest writers stopped for"
                + " 12.0 ms, 1.5 s in all",
            MigrationState.COMPLETED,
            false,
            2),
        says(
            "migration from tcp:b:1: failed after 1.5 s: the peer is gone",
            MigrationState.FAILED,
            true,
            0),
        says(
            "migration to tcp:b:1: undecided after 1.5 s: the peer is gone",
            MigrationState.UNDECIDED,
            false,
            2));
  }

  @Test
  void none() {
    assertEquals("no migration was started", MigrationWords.line(MigrationStatus.NONE));
    assertEquals(
        "no migration has come yet to tcp:127.0.0.1:4444",
        MigrationWords.line(FakeMigration.waiting("tcp:127.0.0.1:4444")));
  }

  @Test
  @DisplayName("parameters by QEMU's names, with QEMU's defaults")
  void parameters() {
    assertEquals(
        Map.of(
            "downtime-limit",
            "300",
            "max-bandwidth",
            "134217728",
            "x-holdfast-peer",
            "holdfast",
            "x-holdfast-peer-machine",
            "none",
            "x-holdfast-tls-dir",
            "",
            "tls-hostname",
            ""),
        MigrationWords.parameters(MigrationParameters.DEFAULT));
  }
}
