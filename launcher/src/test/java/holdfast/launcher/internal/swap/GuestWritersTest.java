package holdfast.launcher.internal.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pausing the writers of a machine, without any memory. */
@Timeout(60)
class GuestWritersTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final GuestWriters writers = new GuestWriters();
  private final PausedWriter vcpu0 = new PausedWriter("vcpu0");
  private final PausedWriter vcpu1 = new PausedWriter("vcpu1");

  @Test
  @DisplayName("a writer is not asked to pause again before it was resumed: a second swap waits")
  void onePauseAtATime() throws Exception {
    writers.add(vcpu0);
    GuestWriters.Pause first = writers.pause(LIMIT, time -> {});

    String reason =
        assertThrows(GivenUpException.class, () -> writers.pause(Duration.ofMillis(1), time -> {}))
            .getMessage();
    assertEquals(
        "another swap, or an evacuation, kept the writers paused for more than 1 ms", reason);
    assertEquals(List.of("pause"), vcpu0.calls);

    CountDownLatch waits = new CountDownLatch(1);
    Thread second =
        Thread.ofPlatform()
            .start(
                () -> {
                  waits.countDown();
                  try {
                    writers.pause(LIMIT, time -> {}).close();
                  } catch (GivenUpException | InterruptedException e) {
                    vcpu0.calls.add(e.toString());
                  }
                });
    assertTrue(waits.await(LIMIT.toSeconds(), TimeUnit.SECONDS));
    assertEquals(List.of("pause"), vcpu0.calls);
    first.close();
    assertTrue(second.join(LIMIT));
    assertEquals(List.of("pause", "resume", "pause", "resume"), vcpu0.calls);
  }

  @Test
  @DisplayName("after a pause that failed the next one finds everything as it was")
  void aFailedPauseLeavesNothing() throws Exception {
    writers.add(vcpu0);
    PausedWriter late = new PausedWriter("late").late();
    writers.add(late);
    assertThrows(GivenUpException.class, () -> writers.pause(LIMIT, time -> {}));
    assertFalse(vcpu0.paused);

    writers.remove(late);
    try (GuestWriters.Pause pause = writers.pause(Duration.ZERO, time -> {})) {
      assertTrue(vcpu0.paused);
    }
    assertFalse(vcpu0.paused);
  }

  @Test
  @DisplayName("a writer that came before the exchange prevents it")
  void aWriterThatCameBefore() throws Exception {
    writers.add(vcpu0);
    AtomicBoolean made = new AtomicBoolean();
    try (GuestWriters.Pause pause = writers.pause(LIMIT, time -> {})) {
      writers.add(vcpu1);
      String reason =
          assertThrows(GivenUpException.class, () -> pause.whileNobodyStores(() -> made.set(true)))
              .getMessage();
      assertEquals("the writer 'vcpu1' came after all others had paused", reason);
    }
    assertFalse(made.get());
    assertEquals(List.of(), vcpu1.calls);
  }

  @Test
  @DisplayName("a writer that comes during the exchange is registered when that is over")
  void aWriterThatComesMeanwhile() throws Exception {
    writers.add(vcpu0);
    AtomicBoolean over = new AtomicBoolean();
    AtomicBoolean waited = new AtomicBoolean();
    Thread newcomer =
        Thread.ofPlatform()
            .unstarted(
                () -> {
                  writers.add(vcpu1);
                  waited.set(over.get());
                });
    try (GuestWriters.Pause pause = writers.pause(LIMIT, time -> {})) {
      pause.whileNobodyStores(
          () -> {
            newcomer.start();
            while (newcomer.getState() != Thread.State.WAITING) {
              Thread.onSpinWait(); // until it is at the door; the test has a limit
            }
            assertEquals(List.of(vcpu0), writers.list());
            over.set(true);
          });
    }
    assertTrue(newcomer.join(LIMIT));
    assertTrue(waited.get());
    assertEquals(List.of(vcpu0, vcpu1), writers.list());
  }
}
