package holdfast.machine.swap;

import static holdfast.machine.swap.SwapFixture.LIMITS;
import static holdfast.machine.swap.SwapFixture.assertDone;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.SystemCall;
import holdfast.machine.api.RegionState;
import holdfast.machine.swap.internal.journal.ImageNotes;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What the tests of swaps that go wrong have in common. */
final class SwapFaults {
  static final int SIZE = 64 << 10;

  private SwapFaults() {}

  static Map<String, String> there(SwapFixture fixture) {
    return Place.TMPFS.properties(fixture, 1);
  }

  static Path path(SwapFixture fixture, int number) {
    return Place.TMPFS.file(fixture, number).orElseThrow();
  }

  /** That nothing has happened, as far as one can see, and that the next swap works. */
  static void assertUntouched(SwapFixture fixture, MemorySegment segment) throws Exception {
    assertSame(segment, fixture.region().segment());
    fixture.assertFilled();
    assertEquals(RegionState.ATTACHED, fixture.region().state());
    assertEquals(path(fixture, 0).toString(), fixture.region().backing());
    assertEquals(Set.of("tmpfs0"), fixture.files(), "neither the new file nor a note is left");
    assertTrue(LeakCheck.isLocked(path(fixture, 0)));
    assertEquals(Optional.empty(), ImageNotes.refusal(path(fixture, 0)));
    fixture.libc.heal();
    fixture.steps = StepWatcher.NONE;
    assertDone(fixture.swap(there(fixture), LIMITS));
    fixture.assertFilled();
  }

  static StepWatcher failing(Step where, Throwable failure) {
    return step -> {
      if (step == where) {
        switch (failure) {
          case IOException e -> throw e;
          case RuntimeException e -> throw e;
          case Error e -> throw e;
          default -> throw new AssertionError(failure);
        }
      }
    };
  }

  static void withoutKernelTracking(SwapFixture fixture) {
    fixture.libc.with(Fault.ofEvery(SystemCall.USERFAULTFD, Errno.EPERM));
    fixture.libc.with(Fault.ofEvery(SystemCall.IOCTL_USERFAULTFD_NEW, Errno.EPERM));
  }

  static void await(CountDownLatch latch) throws InterruptedException {
    assertTrue(latch.await(SwapFixture.LIMIT.toSeconds(), TimeUnit.SECONDS));
  }
}
