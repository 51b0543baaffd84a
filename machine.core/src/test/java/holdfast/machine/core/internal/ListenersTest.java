package holdfast.machine.core.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Listeners are called in order, and can neither hang nor break what they observe. */
@Timeout(60)
class ListenersTest {
  private static final Duration SHORT = Duration.ofSeconds(1);
  private static final Duration LONG = Duration.ofSeconds(30);

  private final Warnings warnings = new Warnings(Listeners.class);
  private final CountDownLatch release = new CountDownLatch(1);
  private final Listeners<Consumer<String>> listeners = new Listeners<>("a test", SHORT);
  private final List<String> told = new CopyOnWriteArrayList<>();
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

  @AfterEach
  void nothingIsLeft() throws Exception {
    release.countDown();
    listeners.close();
    warnings.close();
    for (Thread thread : threads) {
      assertTrue(thread.join(LONG), "a thread is left: " + thread);
    }
  }

  private Dispatch tell(String change) {
    return tell(listeners, change);
  }

  private static Dispatch tell(Listeners<Consumer<String>> to, String change) {
    return to.dispatch("change " + change, listener -> listener.accept(change));
  }

  private void record(String change) {
    threads.add(Thread.currentThread());
    told.add(change);
  }

  /** A listener that doesn't return from a change until the end of the test, or sooner. */
  private Consumer<String> hangingIn(String change, Consumer<String> before) {
    return told -> {
      threads.add(Thread.currentThread());
      before.accept(told);
      if (told.equals(change)) {
        await(release);
      }
    };
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(30, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  @DisplayName("a listener gets every change in order, in a daemon thread that is not the caller's")
  void inOrder() {
    listeners.add(this::record, List.of());
    for (int i = 0; i < 1000; i++) {
      tell("" + i);
    }
    assertTrue(tell("last").await());
    assertEquals(1001, told.size());
    for (int i = 0; i < 1000; i++) {
      assertEquals("" + i, told.get(i));
    }
    assertEquals(1, threads.size());
    assertNotSame(Thread.currentThread(), threads.iterator().next());
    assertTrue(threads.iterator().next().isDaemon());
  }

  @Test
  @DisplayName("what a new listener is called with first comes before every change after it")
  void first() {
    tell("before");
    Consumer<String> late = this::record;
    listeners.add(
        late,
        List.of(
            new Listeners.Change<>("a", l -> l.accept("a")),
            new Listeners.Change<>("b", l -> l.accept("b"))));
    assertTrue(tell("c").await());
    assertEquals(List.of("a", "b", "c"), told);
    assertThrows(IllegalArgumentException.class, () -> listeners.add(late, List.of()));
  }

  @Test
  @DisplayName("a listener that hangs is waited for once and named once, and the others go on")
  void hanging() {
    listeners.add(hangingIn("a", change -> {}), List.of());
    listeners.add(this::record, List.of());
    assertTrue(tell("fine").await());

    long began = System.nanoTime();
    assertFalse(tell("a").await());
    assertTrue(System.nanoTime() - began >= SHORT.toNanos());
    Dispatch next = tell("b");
    assertFalse(next.await(LONG), "it is not waited for");
    assertEquals(List.of("fine", "a", "b"), told);
    assertFalse(next.isDone());
    assertEquals(1, next.pending().size());

    assertEquals(1, warnings.lines().size(), warnings.lines()::toString);
    String warning = warnings.lines().getFirst();
    assertTrue(warning.contains("a listener of a test has not returned from change a"), warning);
    assertTrue(warning.contains(getClass().getName()), warning);
  }

  @Test
  @DisplayName(
      "a listener that returns late gets what it missed, in order, and is waited for again")
  void catchingUp() {
    listeners.add(hangingIn("a", this::record), List.of());
    tell("a").await();
    tell("b");
    Dispatch last = tell("c");
    release.countDown();
    last.done().join();
    assertEquals(List.of("a", "b", "c"), told);
    assertTrue(tell("d").await());
    assertEquals(List.of("a", "b", "c", "d"), told);
  }

  @Test
  @DisplayName("where nobody waits, a listener that hangs is reported with the next change")
  void hangingUnawaited() {
    Listeners<Consumer<String>> quick = new Listeners<>("a test", Duration.ZERO);
    CountDownLatch inside = new CountDownLatch(1);
    quick.add(hangingIn("a", change -> inside.countDown()), List.of());
    tell(quick, "a");
    await(inside);
    tell(quick, "b");
    tell(quick, "c");
    assertEquals(1, warnings.lines().size(), warnings.lines()::toString);
    quick.close();
  }

  @Test
  @DisplayName("whatever a listener throws is logged with the change, and it is kept")
  void throwing() {
    listeners.add(
        change -> {
          record(change);
          if (change.equals("a")) {
            throw new IllegalStateException("on purpose");
          }
          throw new NoClassDefFoundError("on purpose");
        },
        List.of());
    assertTrue(tell("a").await());
    assertTrue(tell("b").await());
    assertEquals(List.of("a", "b"), told);
    assertEquals(2, warnings.lines().size());
    assertTrue(warnings.lines().getFirst().contains("failed in change a and is kept"));
  }

  @Test
  @DisplayName("who waits for a change waits for those that a listener dispatched in it, too")
  void nested() {
    Listeners<Consumer<String>> patient = new Listeners<>("a test", LONG);
    patient.add(
        change -> {
          record(change);
          if (change.length() < 4) {
            assertFalse(tell(patient, change + "a").await(), "no listener waits");
          }
        },
        List.of());
    patient.add(change -> record("second " + change), List.of());
    assertTrue(tell(patient, "a").await());
    assertEquals(
        List.of("a", "aa", "aaa", "aaaa"),
        told.stream().filter(change -> !change.startsWith("second")).toList());
    assertEquals(8, told.size());
    patient.close();
  }

  @Test
  @DisplayName("a removed listener is not called again, and a call of it has returned")
  void removal() throws Exception {
    Listeners<Consumer<String>> patient = new Listeners<>("a test", LONG);
    CountDownLatch inside = new CountDownLatch(1);
    Consumer<String> slow =
        hangingIn(
            "a",
            change -> {
              record(change);
              inside.countDown();
            });
    patient.add(slow, List.of());
    tell(patient, "a");
    Dispatch skipped = tell(patient, "b");
    await(inside);
    Thread remover =
        Thread.ofPlatform()
            .start(
                () -> {
                  patient.remove(slow);
                  told.add("removed");
                });
    while (remover.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
    assertEquals(List.of("a"), told);
    release.countDown();
    assertTrue(remover.join(LONG));
    patient.remove(slow);
    skipped.done().join();
    tell(patient, "c").await();
    assertEquals(List.of("a", "removed"), told);
  }

  @Test
  @DisplayName("a listener that hangs can be removed; it is waited for no longer than the limit")
  void removalOfAHangingOne() {
    CountDownLatch inside = new CountDownLatch(1);
    Consumer<String> hanging = hangingIn("a", change -> inside.countDown());
    listeners.add(hanging, List.of());
    Dispatch change = tell("a");
    await(inside);
    listeners.remove(hanging);
    assertFalse(change.isDone());
    assertEquals(1, warnings.lines().size());
  }

  @Test
  @DisplayName(
      "a listener that was removed in a call and added again is still called by one thread")
  void addedAgain() {
    AtomicInteger inside = new AtomicInteger();
    CountDownLatch removed = new CountDownLatch(1);
    Consumer<String> listener =
        change -> {
          record(change + inside.incrementAndGet());
          if (change.equals("a")) {
            await(removed);
          }
          inside.decrementAndGet();
        };
    listeners.add(listener, List.of());
    tell("a");
    tell("never");
    while (inside.get() == 0) {
      Thread.onSpinWait();
    }
    listeners.remove(listener);
    listeners.add(listener, List.of());
    Dispatch again = tell("b");
    removed.countDown();
    again.done().join();
    assertEquals(List.of("a1", "b1"), told);
  }

  @Test
  @DisplayName("a listener may remove itself and others, and nobody waits for anybody")
  void removalFromWithin() {
    Listeners<Consumer<String>> patient = new Listeners<>("a test", LONG);
    Consumer<String> victim = change -> record("victim " + change);
    patient.add(
        new Consumer<>() {
          @Override
          public void accept(String change) {
            record(change);
            patient.remove(victim);
            patient.remove(this);
          }
        },
        List.of());
    assertTrue(tell(patient, "a").await());
    patient.add(victim, List.of());
    patient.remove(victim);
    tell(patient, "b").await();
    assertEquals(List.of("a"), told);
  }

  @Test
  @DisplayName("after the end nobody is called, except with what was dispatched before")
  void end() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    listeners.add(
        hangingIn(
            "a",
            change -> {
              record(change);
              inside.countDown();
            }),
        List.of());
    tell("a");
    await(inside);
    Dispatch before = tell("b");
    listeners.close();
    assertTrue(tell("c").isDone());
    assertTrue(listeners.add(this::record, List.of()).isDone());
    release.countDown();
    before.done().join();
    assertEquals(List.of("a", "b"), told);
  }

  @Test
  @DisplayName("a waiting thread that is interrupted stops waiting and stays interrupted")
  void interrupted() {
    listeners.add(hangingIn("a", change -> {}), List.of());
    Thread.currentThread().interrupt();
    assertFalse(tell("a").await(LONG));
    assertTrue(Thread.interrupted());
    assertEquals(List.of(), warnings.lines());
  }
}
