package holdfast.launcher.internal.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.BusyException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a caller is told of a change that another thread makes. */
@Timeout(120)
class AwaitedChangeTest {
  private static final Duration SHORT = Duration.ofMillis(50);

  @Test
  @DisplayName("a change that could not begin in time is never made")
  void neverBegins() throws Exception {
    try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
      CountDownLatch end = new CountDownLatch(1);
      Future<Boolean> before = thread.submit(() -> end.await(60, TimeUnit.SECONDS));
      AtomicBoolean made = new AtomicBoolean();
      BusyException busy =
          assertThrows(
              BusyException.class,
              () -> new AwaitedChange<>(() -> made.getAndSet(true), SHORT).in(thread));
      assertTrue(busy.getMessage().contains("nothing was changed"), busy.getMessage());
      end.countDown();
      assertTrue(before.get(60, TimeUnit.SECONDS));
      thread.submit(() -> {}).get(60, TimeUnit.SECONDS); // behind it
      assertFalse(made.get());
    }
  }

  @Test
  @DisplayName("a change that has begun is waited for beyond the limit of its begin")
  void begun() throws Exception {
    try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
      CountDownLatch inside = new CountDownLatch(1);
      CountDownLatch end = new CountDownLatch(1);
      AwaitedChange<String> change =
          new AwaitedChange<>(
              () -> {
                inside.countDown();
                assertTrue(end.await(60, TimeUnit.SECONDS));
                return "made";
              },
              Duration.ofSeconds(1));
      try (ExecutorService caller = Executors.newSingleThreadExecutor()) {
        Future<String> answer = caller.submit(() -> change.in(thread));
        assertTrue(inside.await(60, TimeUnit.SECONDS));
        // past the first limit, and within the second
        assertThrows(TimeoutException.class, () -> answer.get(1200, TimeUnit.MILLISECONDS));
        end.countDown();
        assertEquals("made", answer.get(60, TimeUnit.SECONDS));
      }
    }
  }
}
