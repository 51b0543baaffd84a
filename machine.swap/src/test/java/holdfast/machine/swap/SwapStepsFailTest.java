package holdfast.machine.swap;

import static holdfast.machine.swap.SwapFaults.SIZE;
import static holdfast.machine.swap.SwapFaults.assertUntouched;
import static holdfast.machine.swap.SwapFaults.failing;
import static holdfast.machine.swap.SwapFaults.path;
import static holdfast.machine.swap.SwapFaults.there;
import static holdfast.machine.swap.SwapFixture.LIMITS;
import static holdfast.machine.swap.SwapFixture.RAM0;
import static holdfast.machine.swap.SwapFixture.assertDone;
import static holdfast.machine.swap.SwapFixture.assertRolledBack;
import static holdfast.machine.swap.SwapFixture.end;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.RegionState;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapReport;
import holdfast.machine.copy.PausedWriter;
import holdfast.machine.swap.internal.journal.ImageNotes;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever step of a swap fails, the old backing serves with every byte; on tmpfs. */
@Timeout(120)
class SwapStepsFailTest {
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "RELEASE")
  @DisplayName(
      "whatever step fails, with whatever exception: the old block serves, the new file and the"
          + " notes are gone, writers go on, and the history says why")
  void everyStepFails(Step step) throws Exception {
    List<Throwable> failures =
        List.of(
            new IOException("mischief"),
            new IllegalStateException("mischief"),
            new AssertionError("mischief"),
            new NoClassDefFoundError("mischief"));
    for (Throwable failure : failures) {
      try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
        fixture.fill();
        MemorySegment segment = fixture.region().segment();
        PausedWriter writer = new PausedWriter("vcpu0");
        fixture.writers.add(writer);
        fixture.steps = failing(step, failure);
        SwapReport report = fixture.swap(there(fixture), LIMITS.withVerify(true));
        assertRolledBack(report, "mischief");
        assertEquals(report, fixture.swaps.history(RAM0).getFirst());
        assertFalse(writer.paused);
        assertUntouched(fixture, segment);
      }
    }
  }

  @Test
  @DisplayName("what fails after the switch does not undo it")
  void releaseFails() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      fixture.steps = failing(Step.RELEASE, new IOException("mischief"));
      SwapReport report = fixture.swap(there(fixture), LIMITS);
      assertDone(report);
      fixture.assertFilled();
      assertEquals(Optional.empty(), ImageNotes.refusal(path(fixture, 1)));
      assertFalse(ImageNotes.refusal(path(fixture, 0)).isEmpty());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "JOURNAL, true",
    "ALLOCATE, true",
    "FIRST_ROUND, true",
    "VERIFY, true",
    "PAUSE, true",
    "LAST_COPY, false",
    "PERSIST, false",
    "COMPLETE, false",
    "INSTALL, false",
    "RELEASE, false"
  })
  @DisplayName("a cancel rolls back until the writers have paused, and is too late from then on")
  void cancelled(Step step, boolean inTime) throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      MemorySegment segment = fixture.region().segment();
      fixture.at(step, () -> fixture.swaps.running(RAM0).orElseThrow().cancel());
      SwapReport report = fixture.swap(there(fixture), LIMITS.withVerify(true));
      if (inTime) {
        assertRolledBack(report, "it was cancelled");
        assertUntouched(fixture, segment);
      } else {
        assertDone(report);
        fixture.assertFilled();
      }
    }
  }

  @Test
  @DisplayName("a cancel does not wait for what a bandwidth limit makes the copy wait for")
  void cancelledWhileThrottled() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      MemorySegment segment = fixture.region().segment();
      RunningSwap task = fixture.start(there(fixture), LIMITS.withBandwidth(new ByteSize(1)));
      task.cancel();
      assertRolledBack(end(task), "it was cancelled");
      assertUntouched(fixture, segment);
    }
  }

  @Test
  @DisplayName("a copy that somebody corrupts behind the tracking is found by the comparison")
  void corruption() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      MemorySegment segment = fixture.region().segment();
      fixture.at(
          Step.VERIFY,
          () -> {
            try (FileChannel other = FileChannel.open(path(fixture, 1), StandardOpenOption.WRITE)) {
              other.write(ByteBuffer.wrap(new byte[] {99}), SIZE - 1);
            }
          });
      SwapReport report = fixture.swap(there(fixture), LIMITS.withVerify(true));
      assertRolledBack(report, "verification found 4096 bytes at offset " + (SIZE - 4096));
      assertUntouched(fixture, segment);
    }
  }

  @Test
  @DisplayName("a file that was overwritten in part is refused after the rollback")
  void overwrittenInPart() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      Files.write(path(fixture, 1), new byte[SIZE]);
      fixture.steps = failing(Step.PERSIST, new IOException("mischief"));
      assertRolledBack(fixture.swap(there(fixture), LIMITS), "mischief");
      assertTrue(ImageNotes.refusal(path(fixture, 1)).orElseThrow().contains("unfinished copy"));
      assertEquals(Optional.empty(), ImageNotes.refusal(path(fixture, 0)));
    }
  }

  @Test
  @DisplayName("a region that fails while it is swapped stays failed")
  void theRegionFails() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      fixture.at(
          Step.PERSIST,
          () -> {
            fixture.region().fail(new IOException("the disk is on fire"));
          });
      assertRolledBack(fixture.swap(there(fixture), LIMITS), "the disk is on fire");
      assertEquals(RegionState.FAILED, fixture.region().state());
      assertEquals(path(fixture, 0).toString(), fixture.region().backing());
    }
  }

  @Test
  @DisplayName("the file is truncated while pages are compared: rolled back, the region has failed")
  void truncatedMeanwhile() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      fixture.at(
          Step.VERIFY,
          () -> {
            try (FileChannel old = FileChannel.open(path(fixture, 0), StandardOpenOption.WRITE)) {
              old.truncate(SIZE / 2);
            }
          });
      SwapReport report = fixture.swap(there(fixture), LIMITS.withVerify(true));
      assertRolledBack(report, "its own memory can't be read any more");
      assertEquals(RegionState.FAILED, fixture.region().state());
      assertEquals(Set.of("tmpfs0"), fixture.files());
    }
  }

  @Test
  @DisplayName("an error about memory of somebody else's rolls back, and does not fail the region")
  void aForeignFault() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      fixture.at(
          Step.PAUSE,
          () -> { // as a writer's own mapping may do in this thread
            throw new InternalError("a fault occurred in an unsafe memory access operation");
          });
      SwapReport report = fixture.swap(there(fixture), LIMITS);
      assertRolledBack(report, "memory of somebody else failed");
      assertEquals(RegionState.ATTACHED, fixture.region().state());
      fixture.assertFilled();
    }
  }

  @Test
  @DisplayName("the end of the machine cancels what is under way, waits for it, and starts no more")
  void theMachineEnds() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      RunningSwap task = fixture.start(there(fixture), LIMITS.withBandwidth(new ByteSize(1)));
      fixture.swaps.close();
      assertRolledBack(task.report(), "the machine ended");
      assertEquals(Set.of("tmpfs0"), fixture.files());
      SwapException refused =
          assertThrows(SwapException.class, () -> fixture.start(there(fixture), LIMITS));
      assertTrue(("" + refused.getMessage()).contains("the machine is ending"));
    }
  }
}
