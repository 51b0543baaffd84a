package holdfast.host.linux.internal;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.jna.Library;
import com.sun.jna.Native;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.VmmCalls;
import holdfast.host.linux.WakeSignal;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A thread leaves a system call when it is signalled, and the process and its signals stay. */
@Timeout(60)
class WakeSignalTest {
  private static final VmmCalls CALLS = HostLibc.vmm();

  private interface Sleep extends Library {
    int nanosleep(long[] howLong, long[] left);
  }

  @Test
  void aSleepingThreadIsWokenAndTheProcessLives() throws Exception {
    WakeSignal signal = WakeSignal.ofThisProcess();
    Sleep libc = Native.load(null, Sleep.class);
    CompletableFuture<Integer> tid = new CompletableFuture<>();
    CountDownLatch woken = new CountDownLatch(1);
    AtomicBoolean interrupted = new AtomicBoolean();
    Thread sleeper =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  tid.complete(CALLS.gettid());
                  int result = libc.nanosleep(new long[] {3600, 0}, new long[2]);
                  interrupted.set(result == -1 && Native.getLastError() == Errno.EINTR);
                  woken.countDown();
                });
    // a signal that comes before the call wakes nobody: so it is sent until it has
    while (!woken.await(1, TimeUnit.MILLISECONDS)) {
      signal.send(tid.get());
    }
    assertTrue(interrupted.get());
    sleeper.join();
  }

  @Test
  void aThreadInJavaTakesNoNotice() throws Exception {
    WakeSignal signal = WakeSignal.ofThisProcess();
    for (int i = 0; i < 1000; i++) {
      signal.send(CALLS.gettid());
    }
  }

  @Test
  void aThreadThatIsNotThereIsAnError() throws Exception {
    WakeSignal signal = WakeSignal.ofThisProcess();
    assertThrows(ErrnoException.class, () -> signal.send(Integer.MAX_VALUE));
  }
}
