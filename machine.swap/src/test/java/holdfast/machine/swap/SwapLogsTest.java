package holdfast.machine.swap;

import static holdfast.machine.swap.SwapFaults.SIZE;
import static holdfast.machine.swap.SwapFaults.await;
import static holdfast.machine.swap.SwapFaults.path;
import static holdfast.machine.swap.SwapFaults.there;
import static holdfast.machine.swap.SwapFaults.withoutKernelTracking;
import static holdfast.machine.swap.SwapFixture.LIMITS;
import static holdfast.machine.swap.SwapFixture.assertDone;
import static holdfast.machine.swap.SwapFixture.assertRolledBack;
import static holdfast.machine.swap.SwapFixture.end;
import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.backend.mmap.RamMapper;
import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapReport;
import holdfast.machine.copy.PausedWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What writers' logs report is copied, with the kernel's tracking and without it; on tmpfs. */
@Timeout(120)
class SwapLogsTest {
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName(
      "where the kernel can't track, the writers' logs do; where they keep none, all is copied"
          + " while they are paused")
  void noKernelTracking(boolean logs) throws Exception {
    try (SwapFixture fixture = new SwapFixture(2 << 20, Place.TMPFS)) {
      withoutKernelTracking(fixture);
      MemorySegment segment = fixture.region().segment();
      try (StampingGuest guest = new StampingGuest(segment).start(3, 2, logs, 50_000)) {
        guest.writers.forEach(fixture.writers::add);
        List<Step> seen = new ArrayList<>();
        fixture.steps = seen::add;
        for (int number = 1; number <= 40; number++) {
          seen.clear();
          SwapReport report =
              fixture.swap(
                  Place.TMPFS.properties(fixture, number), LIMITS.withVerify(number % 4 == 0));
          assertDone(report);
          assertEquals(logs, seen.contains(Step.FIRST_ROUND));
          if (!logs) {
            assertEquals(segment.byteSize(), report.copied().bytes());
          }
          Path file = path(fixture, number);
          guest.whilePaused(
              () -> {
                guest.assertAllIn(segment);
                SwapTaskTest.assertHolds(guest, file);
              });
        }
      }
    }
  }

  @Test
  @DisplayName("a writer without a log that comes while others' logs are used is not overlooked")
  void aWriterWithoutALogComes() throws Exception {
    try (SwapFixture fixture = new SwapFixture(2 << 20, Place.TMPFS)) {
      withoutKernelTracking(fixture);
      MemorySegment segment = fixture.region().segment();
      try (StampingGuest guest = new StampingGuest(segment).start(1, 1, true, 50_000)) {
        guest.writers.forEach(fixture.writers::add);
        fixture.at(
            Step.FIRST_ROUND,
            () -> {
              fixture.writers.add(new PausedWriter("new"));
            });
        assertRolledBack(fixture.swap(there(fixture), LIMITS), "the writer 'new' came while");
        guest.whilePaused(() -> guest.assertAllIn(segment));
      }
    }
  }

  @Test
  @DisplayName("a writer without a log that came and went while others' logs are used is noticed")
  void aWriterCameAndWent() throws Exception {
    try (SwapFixture fixture = new SwapFixture(2 << 20, Place.TMPFS)) {
      withoutKernelTracking(fixture);
      try (StampingGuest guest =
          new StampingGuest(fixture.region().segment()).start(1, 1, true, 50_000)) {
        guest.writers.forEach(fixture.writers::add);
        PausedWriter brief = new PausedWriter("brief");
        fixture.at(
            Step.FIRST_ROUND,
            () -> {
              fixture.writers.add(brief);
              fixture.writers.remove(brief);
            });
        assertRolledBack(fixture.swap(there(fixture), LIMITS), "the writer 'brief' came while");
      }
    }
  }

  private static final Duration NEVER = Duration.ofHours(1);

  /** Tells one page, which hardware is said to have stored into; hangs on command. */
  private static final class HardwareLog implements DirtyLog {
    final CountDownLatch inside = new CountDownLatch(1);
    final CountDownLatch release = new CountDownLatch(1);
    private final long offset;
    private final String hangsIn;
    private volatile boolean stored;

    HardwareLog(long offset, String hangsIn) {
      this.offset = offset;
      this.hangsIn = hangsIn;
    }

    private void enter(String call) {
      if (call.equals(hangsIn)) {
        inside.countDown();
        try {
          release.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }

    @Override
    public void start(MemoryRegion region) {
      enter("start");
    }

    @Override
    public void collect(MemoryRegion region, Ranges into) {
      enter("collect");
      if (stored) {
        stored = false;
        into.add(offset, 1);
      }
    }

    @Override
    public void stop(MemoryRegion region) {
      enter("stop");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"LATER_ROUND", "PAUSE"})
  @DisplayName(
      "what a writer's log reports is copied, though the kernel tracks and has seen no such store")
  void logsAreJoinedWithTheKernel(Step when) throws Exception {
    Assumptions.assumeTrue(new RamMapper().trackingObstacle().isEmpty(), "the kernel can't track");
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      HardwareLog log = new HardwareLog(5 * 4096 + 100, "");
      fixture.writers.add(new PausedWriter("nic").logging(log));
      fixture.steps =
          step -> {
            if (step == when) {
              // not through the mapping, as a device's transfer into a page that was pinned before
              try (FileChannel device =
                  FileChannel.open(path(fixture, 0), StandardOpenOption.WRITE)) {
                device.write(ByteBuffer.wrap(new byte[] {99}), 5 * 4096 + 100);
              }
              log.stored = true;
            }
          };
      assertDone(fixture.swap(there(fixture), LIMITS));
      assertEquals(99, fixture.region().segment().get(ValueLayout.JAVA_BYTE, 5 * 4096 + 100));
    }
  }

  @Test
  @DisplayName("a writer with a log that comes during a swap has it rolled back: its log is late")
  void aWriterWithALogComes() throws Exception {
    Assumptions.assumeTrue(new RamMapper().trackingObstacle().isEmpty(), "the kernel can't track");
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      PausedWriter nic = new PausedWriter("nic").logging(new HardwareLog(0, ""));
      fixture.at(
          Step.FIRST_ROUND,
          () -> {
            fixture.writers.add(nic);
          });
      assertRolledBack(
          fixture.swap(there(fixture), LIMITS),
          "the writer 'nic' came after the logs of all others had begun");
      fixture.steps = StepWatcher.NONE;
      assertDone(fixture.swap(there(fixture), LIMITS));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"start", "collect"})
  @DisplayName("a log that hangs rolls the swap back, by name, and a cancel doesn't wait for it")
  void aLogThatHangs(String call) throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      HardwareLog log = new HardwareLog(0, call);
      PausedWriter nic = new PausedWriter("nic").logging(log);
      fixture.writers.add(nic);
      RunningSwap task = fixture.start(there(fixture), LIMITS.withPause(NEVER));
      await(log.inside);
      task.cancel();
      // and its end doesn't wait for an hour until the log has stopped
      assertRolledBack(end(task), "it was cancelled");
      assertRolledBack(
          fixture.swap(there(fixture), LIMITS.withPause(Duration.ofMillis(200))),
          "the writer 'nic' did not come back from DirtyLog." + call + " within 200 ms");
      assertEquals(Set.of("tmpfs0"), fixture.files());
      log.release.countDown();
      assertDone(fixture.swap(there(fixture), LIMITS));
    }
  }
}
