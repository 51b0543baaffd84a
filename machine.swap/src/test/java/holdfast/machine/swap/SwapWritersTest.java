package holdfast.machine.swap;

import static holdfast.machine.swap.SwapFaults.SIZE;
import static holdfast.machine.swap.SwapFaults.assertUntouched;
import static holdfast.machine.swap.SwapFaults.await;
import static holdfast.machine.swap.SwapFaults.there;
import static holdfast.machine.swap.SwapFixture.LIMITS;
import static holdfast.machine.swap.SwapFixture.assertDone;
import static holdfast.machine.swap.SwapFixture.assertRolledBack;
import static holdfast.machine.swap.SwapFixture.end;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapReport;
import holdfast.machine.copy.PausedWriter;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What writers do that are to pause for a swap, on tmpfs. */
@Timeout(120)
class SwapWritersTest {
  @Test
  @DisplayName("a writer that doesn't pause, in time or at all, rolls back, and all others go on")
  void writersThatDoNotPause() throws Exception {
    for (PausedWriter bad :
        List.of(
            new PausedWriter("bad").late(),
            new PausedWriter("bad").throwing(new IllegalStateException("no")),
            new PausedWriter("bad").throwing(new NoClassDefFoundError("gone")),
            new PausedWriter("bad").throwing(new AssertionError("odd")))) {
      try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
        fixture.fill();
        MemorySegment segment = fixture.region().segment();
        PausedWriter good = new PausedWriter("good");
        List.of(good, bad).forEach(fixture.writers::add);
        SwapReport report = fixture.swap(there(fixture), LIMITS);
        assertRolledBack(report, "");
        assertEquals(List.of("pause", "resume"), good.calls);
        assertEquals(List.of("pause"), bad.calls, "it is not resumed");
        fixture.writers.remove(bad);
        assertUntouched(fixture, segment);
      }
    }
  }

  @Test
  @DisplayName("a writer that fails to resume keeps no other one from it, and the swap is done")
  void aWriterThatFailsToResume() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      PausedWriter good = new PausedWriter("good");
      List.of(good, new PausedWriter("bad").failingToResume()).forEach(fixture.writers::add);
      SwapReport report = fixture.swap(there(fixture), LIMITS);
      assertEquals(SwapPhase.DONE, report.phase());
      assertEquals(
          "the writer 'bad' failed to resume: java.lang.IllegalStateException: no",
          report.reason());
      assertEquals(List.of("pause", "resume"), good.calls);
      fixture.assertFilled();
    }
  }

  @Test
  @DisplayName("who is registered at the switch is paused, whoever it was at the start")
  void writersComeAndGo() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      PausedWriter gone = new PausedWriter("gone").throwing(new IllegalStateException("gone"));
      PausedWriter came = new PausedWriter("came");
      fixture.writers.add(gone);
      fixture.at(
          Step.FIRST_ROUND,
          () -> {
            fixture.writers.remove(gone);
            fixture.writers.add(came);
          });
      assertDone(fixture.swap(there(fixture), LIMITS));
      assertEquals(List.of(), gone.calls);
      assertEquals(List.of("pause", "resume"), came.calls);
    }
  }

  @Test
  @DisplayName("a writer that comes when all others are paused has the swap rolled back")
  void aWriterComesTooLate() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      MemorySegment segment = fixture.region().segment();
      fixture.at(
          Step.PERSIST,
          () -> {
            fixture.writers.add(new PausedWriter("late"));
          });
      assertRolledBack(fixture.swap(there(fixture), LIMITS), "the writer 'late' came after");
      assertUntouched(fixture, segment);
    }
  }

  private static final Duration NEVER = Duration.ofHours(1);

  @Test
  @DisplayName(
      "a writer that hangs in its pause rolls back every swap that needs it, by name, all others go"
          + " on; when it comes back it is resumed, and the next swap is done")
  void aPauseThatHangs() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS, Place.MEMFD)) {
      fixture.fill();
      MemorySegment segment = fixture.region().segment();
      PausedWriter good = new PausedWriter("good");
      PausedWriter bad = new PausedWriter("bad").hangingIn("pause");
      List.of(good, bad).forEach(fixture.writers::add);
      SwapLimits limits = LIMITS.withPause(Duration.ofMillis(200));
      RunningSwap first = fixture.start(there(fixture), limits);
      SwapTask other =
          (SwapTask)
              fixture.swaps.start(
                  new BackendId("ram1"),
                  Map.of(
                      "mem-path",
                      fixture.folder.resolve("x").toString(),
                      "qom-type",
                      "memory-backend-file"),
                  limits);
      SwapReport one = end(first);
      SwapReport two = end(other);
      assertEquals(SwapPhase.ROLLED_BACK, one.phase());
      assertEquals(SwapPhase.ROLLED_BACK, two.phase());
      assertTrue((one.reason() + two.reason()).contains("the writer 'bad' "), one::reason);
      assertFalse(good.paused);
      bad.release.countDown();
      await(bad.resumed);
      assertUntouched(fixture, segment);
      assertFalse(bad.calls.contains("two at once"));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName("while a writer hangs in its pause, a cancel and the end of the machine roll back")
  void cancelledWhileAPauseHangs(boolean end) throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      PausedWriter bad = new PausedWriter("bad").hangingIn("pause");
      fixture.writers.add(bad);
      RunningSwap task = fixture.start(there(fixture), LIMITS.withPause(NEVER));
      await(bad.inside);
      if (end) {
        fixture.swaps.close();
      } else {
        task.cancel();
      }
      assertRolledBack(end(task), end ? "the machine ended" : "it was cancelled");
      assertEquals(Set.of("tmpfs0"), fixture.files());
      bad.release.countDown();
      await(bad.resumed);
    }
  }

  @Test
  @DisplayName("a writer that hangs when it is to resume: the swap is done, and says which it is")
  void aResumeThatHangs() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      PausedWriter good = new PausedWriter("good");
      PausedWriter bad = new PausedWriter("bad").hangingIn("resume");
      List.of(bad, good).forEach(fixture.writers::add);
      SwapReport report = fixture.swap(there(fixture), LIMITS);
      assertEquals(SwapPhase.DONE, report.phase());
      assertTrue(
          report.reason().startsWith("the writer 'bad' did not come back from resume()"),
          report::reason);
      assertFalse(good.paused);
      SwapLimits limits = LIMITS.withPause(Duration.ofMillis(200));
      assertRolledBack(
          fixture.swap(Place.TMPFS.properties(fixture, 0), limits),
          "the writer 'bad' has not come back from resume() since");
      bad.release.countDown();
      assertDone(fixture.swap(Place.TMPFS.properties(fixture, 0), LIMITS));
      fixture.assertFilled();
    }
  }
}
