package holdfast.machine.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.RamBlockException;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.MemoryRegion;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pausing the writers of a machine, without any memory. */
@Timeout(60)
class GuestWritersTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** For what never comes; long enough for writers that don't hang, on a busy machine. */
  private static final Duration SHORT = Duration.ofMillis(500);

  private static final MemoryRegion A = new NamedRegion("a");
  private static final MemoryRegion B = new NamedRegion("b");

  private final GuestWriters writers = new GuestWriters();
  private final PausedWriter vcpu0 = new PausedWriter("vcpu0");
  private final PausedWriter vcpu1 = new PausedWriter("vcpu1");

  private List<String> names() {
    return writers.list().stream().map(RegisteredWriter::name).toList();
  }

  @Test
  @DisplayName(
      "a paused writer is not asked to pause again: regions share its pause, and it resumes when the"
          + " last is done")
  void regionsShareAPause() throws Exception {
    writers.add(vcpu0);
    GuestWriters.Pause first = writers.pause(A, LIMIT, time -> {});
    GuestWriters.Pause second = writers.pause(B, LIMIT, time -> {});
    assertEquals(List.of("pause"), vcpu0.calls);
    first.close();
    assertTrue(vcpu0.paused);
    assertEquals(List.of("pause"), vcpu0.calls);
    writers.pause(A, LIMIT, time -> {}).close();
    assertEquals(List.of("pause"), vcpu0.calls);
    second.close();
    assertEquals(List.of("pause", "resume"), vcpu0.calls);
  }

  @Test
  @DisplayName(
      "a writer that knows regions is paused for each by itself, once, and goes on with the others")
  void regionByRegion() throws Exception {
    PausedWriter.ByRegion nvdimms = new PausedWriter.ByRegion("nvdimms");
    writers.add(nvdimms);
    GuestWriters.Pause first = writers.pause(A, LIMIT, time -> {});
    assertEquals(Set.of(A), nvdimms.pausedFor);
    GuestWriters.Pause second = writers.pause(B, LIMIT, time -> {});
    GuestWriters.Pause again = writers.pause(B, LIMIT, time -> {});
    assertEquals(Set.of(A, B), nvdimms.pausedFor);
    first.close();
    second.close();
    assertEquals(Set.of(B), nvdimms.pausedFor, "an evacuation of it goes on");
    again.close();
    assertEquals(List.of("pause a", "pause b", "resume a", "resume b"), nvdimms.calls);
  }

  @Test
  @DisplayName("stopped writers share their pause with regions, and go on when both are done")
  void stop() throws Exception {
    writers.add(vcpu0);
    assertTrue(writers.stop(LIMIT));
    assertFalse(writers.stop(LIMIT), "they are stopped");
    assertTrue(writers.isStopped());
    writers.pause(A, LIMIT, time -> {}).close();
    assertEquals(List.of("pause"), vcpu0.calls);
    GuestWriters.Pause last = writers.pause(B, LIMIT, time -> {});
    assertTrue(writers.cont());
    assertFalse(writers.cont());
    assertTrue(vcpu0.paused, "a region needs it paused");
    last.close();
    assertEquals(List.of("pause", "resume"), vcpu0.calls);
  }

  @Test
  @DisplayName("a writer that knows regions is stopped apart from them")
  void stopApart() throws Exception {
    PausedWriter.ByRegion nvdimms = new PausedWriter.ByRegion("nvdimms");
    writers.add(nvdimms);
    GuestWriters.Pause first = writers.pause(A, LIMIT, time -> {});
    writers.stop(LIMIT);
    first.close();
    writers.cont();
    assertEquals(List.of("pause a", "pause", "resume a", "resume"), nvdimms.calls);
  }

  @Test
  @DisplayName("a writer that comes while the others are stopped is stopped before it may store")
  void stopsWhoComes() throws Exception {
    writers.add(vcpu0);
    writers.stop(LIMIT);
    writers.add(vcpu1);
    assertTrue(vcpu1.paused);
    writers.cont();
    assertFalse(vcpu0.paused);
    assertFalse(vcpu1.paused);
  }

  @Test
  @DisplayName("writers of whom one does not stop all go on, and the reason names it")
  void stopsAllOrNone() throws Exception {
    writers.add(vcpu0);
    writers.add(new PausedWriter("late").late());
    GivenUpException failure = assertThrows(GivenUpException.class, () -> writers.stop(SHORT));
    assertTrue(failure.getMessage().contains("'late'"), failure.getMessage());
    assertFalse(writers.isStopped());
    assertFalse(vcpu0.paused);
  }

  @Test
  @DisplayName("a pause for one region that comes too late takes nothing from another's")
  void tooLateForOne() throws Exception {
    PausedWriter hangs = new PausedWriter("hangs").hangingIn("pause");
    writers.add(hangs);
    assertThrows(GivenUpException.class, () -> writers.pause(A, SHORT, time -> {}));
    hangs.release.countDown();
    try (GuestWriters.Pause pause = writers.pause(B, LIMIT, time -> {})) {
      assertTrue(hangs.paused);
    }
    assertEquals(List.of("pause", "interrupted", "resume", "pause", "resume"), hangs.calls);
  }

  @Test
  @DisplayName("exchanges in two regions don't wait for each other")
  void exchangesAtTheSameTime() throws Exception {
    writers.add(vcpu0);
    CyclicBarrier both = new CyclicBarrier(2);
    try (GuestWriters.Pause one = writers.pause(A, LIMIT, time -> {});
        GuestWriters.Pause two = writers.pause(B, LIMIT, time -> {})) {
      CompletableFuture<Void> other =
          CompletableFuture.runAsync(
              () -> {
                try {
                  one.withWritersStopped(() -> meet(both));
                } catch (RamBlockException | IOException | GivenUpException e) {
                  throw new AssertionError(e);
                }
              });
      two.withWritersStopped(() -> meet(both));
      other.get(30, TimeUnit.SECONDS);
    }
  }

  private static void meet(CyclicBarrier both) throws IOException {
    try {
      both.await(LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  @Test
  @DisplayName("after a pause that failed the next one finds everything as it was")
  void aFailedPauseLeavesNothing() throws Exception {
    writers.add(vcpu0);
    PausedWriter late = new PausedWriter("late").late();
    writers.add(late);
    assertThrows(GivenUpException.class, () -> writers.pause(A, LIMIT, time -> {}));
    assertFalse(vcpu0.paused);

    writers.remove(late);
    try (GuestWriters.Pause pause = writers.pause(A, LIMIT, time -> {})) {
      assertTrue(vcpu0.paused);
    }
    assertFalse(vcpu0.paused);
  }

  @Test
  @DisplayName("a writer that came before the exchange prevents it")
  void aWriterThatCameBefore() throws Exception {
    writers.add(vcpu0);
    AtomicBoolean made = new AtomicBoolean();
    try (GuestWriters.Pause pause = writers.pause(A, LIMIT, time -> {})) {
      writers.add(vcpu1);
      String reason =
          assertThrows(GivenUpException.class, () -> pause.withWritersStopped(() -> made.set(true)))
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
    try (GuestWriters.Pause pause = writers.pause(A, LIMIT, time -> {})) {
      pause.withWritersStopped(
          () -> {
            newcomer.start();
            while (newcomer.getState() != Thread.State.WAITING) {
              Thread.onSpinWait(); // until it waits; the test has a limit
            }
            assertEquals(List.of("'vcpu0'"), names());
            over.set(true);
          });
    }
    assertTrue(newcomer.join(LIMIT));
    assertTrue(waited.get());
    assertEquals(List.of("'vcpu0'", "'vcpu1'"), names());
  }

  private String refusal(Duration limit) {
    return "" + assertThrows(GivenUpException.class, () -> pause(limit).close()).getMessage();
  }

  private GuestWriters.Pause pause(Duration limit) throws GivenUpException, InterruptedException {
    return writers.pause(A, limit, time -> {});
  }

  private static void await(CountDownLatch latch) throws InterruptedException {
    assertTrue(latch.await(LIMIT.toSeconds(), TimeUnit.SECONDS));
  }

  @Test
  @DisplayName(
      "a writer that hangs in its pause keeps nobody: all others go on, whoever asks next learns of it;"
          + " when it has paused after all, it is resumed, and never asked by two at once")
  void aPauseThatHangs() throws Exception {
    PausedWriter hangs = new PausedWriter("hangs").hangingIn("pause");
    List.of(vcpu0, hangs, vcpu1).forEach(writers::add);
    assertEquals("the writer 'hangs' did not come back from pause() within 500 ms", refusal(SHORT));
    assertEquals(List.of("pause", "resume"), vcpu0.calls);
    assertFalse(vcpu1.paused);
    String next = refusal(SHORT);
    assertTrue(next.startsWith("the writer 'hangs' has not come back from pause() since "), next);
    assertTrue(next.endsWith(" ms: end what it waits for, or unregister it"), next);

    hangs.release.countDown();
    await(hangs.resumed);
    try (GuestWriters.Pause pause = pause(LIMIT)) {
      assertTrue(hangs.paused && vcpu0.paused && vcpu1.paused);
    }
    assertEquals(
        List.of("pause", "interrupted", "resume", "pause", "resume"),
        hangs.calls,
        "the pause that nobody waited for any more was not asked for");
  }

  @Test
  @DisplayName("a pause that waits is interrupted at the limit; then stores went on, as it says")
  void aPauseIsInterrupted() throws Exception {
    PausedWriter waits = new PausedWriter("waits").waiting();
    List.of(vcpu0, waits).forEach(writers::add);
    assertEquals("the writer 'waits' did not come back from pause() within 500 ms", refusal(SHORT));
    waits.release.countDown();
    pause(LIMIT).close();
    assertEquals(List.of("pause", "pause", "resume"), waits.calls);
  }

  @Test
  @DisplayName(
      "a writer that hangs when it is to resume keeps nobody: all others go on, it is named, and"
          + " whoever asks next learns of it")
  void aResumeThatHangs() throws Exception {
    PausedWriter hangs = new PausedWriter("hangs").hangingIn("resume");
    List.of(vcpu0, hangs, vcpu1).forEach(writers::add);
    List<String> reported = new CopyOnWriteArrayList<>();
    GuestWriters.Outcome outcome =
        new GuestWriters.Outcome() {
          @Override
          public void paused(Duration time) {
            reported.add("over");
          }

          @Override
          public void failed(String sentence) {
            reported.add(sentence);
          }
        };
    writers.pause(A, LIMIT, outcome).close();
    assertEquals(
        List.of(
            "the writer 'hangs' did not come back from resume() within 1000 ms; it may stand still",
            "over"),
        reported);
    assertEquals(List.of("pause", "resume"), vcpu0.calls);
    assertEquals(List.of("pause", "resume"), vcpu1.calls);
    String next = refusal(SHORT);
    assertTrue(next.startsWith("the writer 'hangs' has not come back from resume() since "), next);
    hangs.release.countDown();
    pause(LIMIT).close();
    assertEquals(List.of("pause", "resume", "pause", "resume"), hangs.calls);
  }

  @Test
  @DisplayName("whoever waits for writers can be interrupted, and all of them go on")
  void interrupted() throws Exception {
    PausedWriter hangs = new PausedWriter("hangs").hangingIn("pause");
    List.of(vcpu0, hangs).forEach(writers::add);
    CountDownLatch ended = new CountDownLatch(1);
    Thread swap =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    pause(Duration.ofHours(1)).close();
                  } catch (InterruptedException e) {
                    ended.countDown();
                  } catch (GivenUpException e) {
                    vcpu0.calls.add(e.toString());
                  }
                });
    await(hangs.inside);
    while (!vcpu0.paused) {
      Thread.onSpinWait(); // only who has paused is to be resumed; the test has a limit
    }
    swap.interrupt();
    await(ended);
    await(vcpu0.resumed);
    hangs.release.countDown();
    await(hangs.resumed);
    pause(LIMIT).close();
  }

  @Test
  @DisplayName(
      "a writer that hangs while it is asked for its name is registered, and named by class")
  void aNameThatHangs() throws Exception {
    PausedWriter hangs = new PausedWriter("hangs").hangingIn("name");
    List.of(hangs, vcpu0).forEach(writers::add);
    String refusal = refusal(SHORT);
    assertTrue(
        refusal.startsWith(
            "the writer of " + PausedWriter.class.getName() + " has not come back from name()"),
        refusal);
    hangs.release.countDown();
    pause(LIMIT).close();
    assertEquals(List.of("interrupted", "pause", "resume"), hangs.calls);
  }

  @Test
  @DisplayName("a writer that goes while it is paused is resumed, and its thread ends")
  void aWriterThatGoes() throws Exception {
    Thread[] itsThread = new Thread[1];
    GuestWriter writer =
        new GuestWriter() {
          @Override
          public String name() {
            itsThread[0] = Thread.currentThread();
            return "vcpu7";
          }

          @Override
          public boolean pause(Duration limit) throws InterruptedException {
            return Thread.currentThread() == itsThread[0] && vcpu0.pause(limit);
          }

          @Override
          public void resume() {
            vcpu0.resume();
          }
        };
    writers.add(writer);
    try (GuestWriters.Pause pause = pause(LIMIT)) {
      writers.remove(writer);
      assertTrue(vcpu0.paused);
    }
    assertFalse(vcpu0.paused);
    assertTrue(itsThread[0].join(LIMIT));
    assertEquals(List.of(), writers.list());
  }
}
