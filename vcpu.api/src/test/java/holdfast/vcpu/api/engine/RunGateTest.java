package holdfast.vcpu.api.engine;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Who runs, interrupts, pauses and changes something under a guest meets the others at one gate.
 */
@Timeout(30)
class RunGateTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(5);

  /** A guest that leaves when it is kicked for the {@code deaf}th time after it was admitted. */
  private static final class Guest implements RunGate.Guest {
    private final AtomicInteger kicks = new AtomicInteger();
    private final AtomicBoolean running = new AtomicBoolean();
    private final AtomicInteger deaf = new AtomicInteger(1);
    private final AtomicInteger abandoned = new AtomicInteger();

    @Override
    public void admit() {
      kicks.set(0);
    }

    @Override
    public synchronized void kick() {
      kicks.incrementAndGet();
      notifyAll();
    }

    @Override
    public void abandon() {
      abandoned.incrementAndGet();
    }

    synchronized void awaitKick() throws InterruptedException {
      while (kicks.get() == 0) {
        wait();
      }
    }

    synchronized void run() throws InterruptedException {
      running.set(true);
      notifyAll();
      while (kicks.get() < deaf.get()) {
        wait();
      }
      running.set(false);
    }

    synchronized void awaitRunning() throws InterruptedException {
      while (!running.get()) {
        wait();
      }
    }
  }

  private final Guest guest = new Guest();
  private final RunGate gate = new RunGate(guest);

  private static <T> Future<T> start(Callable<T> what) {
    FutureTask<T> task = new FutureTask<>(what);
    Thread.ofPlatform().daemon().start(task);
    return task;
  }

  /** Runs the guest until it is interrupted, as an engine does; returns how often it entered. */
  private int loop() throws InterruptedException {
    int entries = 0;
    while (gate.enter()) {
      entries++;
      guest.run();
      gate.leave();
      if (gate.takeInterrupt()) {
        break;
      }
    }
    return entries;
  }

  @Test
  void aPauseHasTheGuestLeaveAndKeepsItOutUntilItIsResumed() throws Exception {
    Future<Integer> loop = start(this::loop);
    guest.awaitRunning();
    assertTrue(gate.pause(LONG));
    assertFalse(guest.running.get());
    gate.resume();
    guest.awaitRunning();
    gate.interrupt();
    assertEquals(2, loop.get(20, SECONDS));
  }

  @Test
  void aGuestThatMissedItsKickIsKickedAgain() throws Exception {
    guest.deaf.set(5);
    start(this::loop);
    guest.awaitRunning();
    assertTrue(gate.pause(LONG));
  }

  @Test
  void aPauseThatIsNotReachedInItsLimitLeavesTheGuestRunning() throws Exception {
    guest.deaf.set(Integer.MAX_VALUE);
    start(this::loop);
    guest.awaitRunning();
    assertFalse(gate.pause(SHORT));
    assertTrue(guest.running.get());
    guest.deaf.set(1);
    assertTrue(gate.pause(LONG)); // once more
  }

  @Test
  void anInterruptedPauseLeavesTheGateOpen() throws Exception {
    guest.deaf.set(Integer.MAX_VALUE);
    start(this::loop);
    guest.awaitRunning();
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> gate.pause(LONG));
    guest.deaf.set(1);
    assertTrue(gate.pause(LONG));
  }

  @Test
  void anInterruptIsKeptForTheNextRunAndTakenOnce() {
    gate.interrupt();
    gate.interrupt();
    assertFalse(gate.enter());
    assertTrue(gate.enter());
  }

  @Test
  void anInterruptEndsTheWaitingOfAPausedRun() throws Exception {
    assertTrue(gate.pause(LONG));
    Future<Boolean> run = start(gate::enter);
    gate.interrupt();
    assertFalse(run.get(20, SECONDS));
  }

  @Test
  void anInterruptedThreadDoesNotEnterAndStaysInterrupted() throws Exception {
    Future<Boolean> run =
        start(
            () -> {
              Thread.currentThread().interrupt();
              return !gate.enter() && Thread.interrupted();
            });
    assertTrue(run.get(20, SECONDS));
  }

  @Test
  void anInstructionThatWaitsForItsAnswerHoldsThePause() throws Exception {
    assertTrue(gate.enter());
    gate.leave(true);
    assertFalse(gate.pause(SHORT));
    Future<Boolean> pause = start(() -> gate.pause(LONG));
    gate.release();
    assertTrue(pause.get(20, SECONDS));
  }

  @Test
  void storesOfADeviceWaitForTheEndOfAPauseAndHoldOneBack() throws Exception {
    CountDownLatch storing = new CountDownLatch(1);
    CountDownLatch stored = new CountDownLatch(1);
    Future<Boolean> first =
        start(
            () -> {
              gate.store(
                  () -> {
                    storing.countDown();
                    await(stored);
                  });
              return true;
            });
    storing.await();
    assertFalse(gate.pause(SHORT));
    stored.countDown();
    assertTrue(first.get(20, SECONDS));
    assertTrue(gate.pause(LONG));
    AtomicBoolean late = new AtomicBoolean();
    Future<Boolean> second =
        start(
            () -> {
              gate.store(() -> late.set(true));
              return true;
            });
    assertFalse(late.get());
    gate.resume();
    assertTrue(second.get(20, SECONDS));
    assertTrue(late.get());
  }

  @Test
  void storesWithinAnInstructionDoNotWaitForThePauseThatWaitsForIt() throws Exception {
    assertTrue(gate.enter());
    gate.leave(true);
    CountDownLatch asked = new CountDownLatch(1);
    Future<Boolean> pause =
        start(
            () -> {
              asked.countDown();
              return gate.pause(LONG);
            });
    asked.await();
    AtomicBoolean stored = new AtomicBoolean();
    gate.store(() -> stored.set(true));
    assertTrue(stored.get());
    gate.release();
    assertTrue(pause.get(20, SECONDS));
  }

  @Test
  void aChangeIsMadeWhileTheGuestIsOutAndItGoesOnAfterwards() throws Exception {
    Future<Integer> loop = start(this::loop);
    guest.awaitRunning();
    AtomicBoolean outside = new AtomicBoolean();
    assertTrue(gate.outside(LONG, () -> outside.set(!guest.running.get())));
    assertTrue(outside.get());
    guest.awaitRunning();
    gate.interrupt();
    assertEquals(2, loop.get(20, SECONDS));
  }

  @Test
  void aChangeWithinAPauseDoesNotEndIt() throws Exception {
    assertTrue(gate.pause(LONG));
    assertTrue(gate.outside(LONG, () -> {}));
    Future<Boolean> run = start(gate::enter);
    gate.interrupt(); // for the one that waits
    assertFalse(run.get(20, SECONDS));
  }

  @Test
  void aSecondRunIsRefused() throws Exception {
    start(this::loop);
    guest.awaitRunning();
    assertThrows(IllegalStateException.class, gate::enter);
  }

  @Test
  void theEndWaitsForTheGuestAndLetsNobodyIn() throws Exception {
    Future<Integer> loop = start(this::loop);
    guest.awaitRunning();
    assertTrue(gate.close());
    assertFalse(gate.close());
    assertEquals(1, loop.get(20, SECONDS));
    assertThrows(IllegalStateException.class, gate::enter);
  }

  @Test
  void theEndEndsTheWaitingOfAPausedRun() throws Exception {
    assertTrue(gate.pause(LONG));
    CountDownLatch asked = new CountDownLatch(1);
    Future<Boolean> run =
        start(
            () -> {
              asked.countDown();
              return gate.enter();
            });
    asked.await();
    gate.close();
    try {
      assertFalse(run.get(20, SECONDS));
    } catch (ExecutionException late) { // it had not begun to wait
      assertTrue(late.getCause() instanceof IllegalStateException);
    }
  }

  @Test
  void thePauseOfAWriterSettlesWhatIsUnderWay() throws Exception {
    AtomicInteger settled = new AtomicInteger();
    GatedWriter writer = new GatedWriter("cpu0", gate, settled::incrementAndGet, Optional.empty());
    assertTrue(writer.pause(LONG));
    assertEquals(1, settled.get());
    writer.resume();
    assertTrue(gate.enter());
  }

  @Test
  void anAnswerThatDoesNotComeIsGivenUpBeforeThePauseIsReached() throws Exception {
    assertTrue(gate.enter());
    gate.leave(true);
    AtomicInteger abandoned = new AtomicInteger();
    GatedWriter writer =
        new GatedWriter("cpu0", gate, () -> abandoned.set(guest.abandoned.get()), Optional.empty());
    FutureTask<Boolean> pause = new FutureTask<>(() -> writer.pause(LONG));
    Thread pauser = Thread.ofPlatform().daemon().start(pause);
    while (pauser.getState() != Thread.State.TIMED_WAITING) { // it waits for the answer
      Thread.onSpinWait();
    }
    Future<Boolean> run = start(gate::enter);
    assertTrue(pause.get(20, SECONDS));
    assertEquals(1, abandoned.get());
    writer.resume();
    assertTrue(run.get(20, SECONDS));
  }

  @Test
  void interruptsOfAGuestThatHasNotLeftYetKickItOnceInAWhile() throws Exception {
    guest.deaf.set(Integer.MAX_VALUE);
    start(this::loop);
    guest.awaitRunning();
    long began = System.nanoTime();
    for (int i = 0; i < 100_000; i++) {
      gate.interrupt();
    }
    long millis = (System.nanoTime() - began) / 1_000_000;
    int kicks = guest.kicks.get();
    assertTrue(kicks >= 1 && kicks <= millis + 2, kicks + " kicks in " + millis + " ms");
  }

  @Test
  void aResumeTooManyDoesNotOpenAPauseThatIsUnderWay() throws Exception {
    guest.deaf.set(Integer.MAX_VALUE);
    Future<Integer> loop = start(this::loop);
    guest.awaitRunning();
    Future<Boolean> pause = start(() -> gate.pause(LONG));
    guest.awaitKick();
    gate.resume();
    guest.deaf.set(1);
    assertTrue(pause.get(20, SECONDS));
    gate.interrupt();
    assertEquals(1, loop.get(20, SECONDS), "it has not entered in the pause");
  }

  @Test
  void aWriterEndsNoPauseOfAnother() throws Exception {
    Runnable nothing = () -> {};
    GatedWriter first = new GatedWriter("cpu0", gate, nothing, Optional.empty());
    GatedWriter second = new GatedWriter("cpu0", gate, nothing, Optional.empty());
    assertTrue(first.pause(LONG));
    second.resume();
    assertThrows(IllegalStateException.class, () -> gate.pause(SHORT));
    first.resume();
    assertTrue(second.pause(LONG));
  }

  @Test
  void theEndWaitsForStoresAndChangesThatAreUnderWay() throws Exception {
    theEndWaitsFor(gate -> gate::store);
    theEndWaitsFor(gate -> work -> gate.outsideWhileOpen(LONG, work));
    theEndWaitsFor(gate -> gate::unlessClosed);
  }

  private void theEndWaitsFor(Function<RunGate, Consumer<Runnable>> way) throws Exception {
    RunGate closing = new RunGate(guest);
    CountDownLatch began = new CountDownLatch(1);
    CountDownLatch end = new CountDownLatch(1);
    AtomicBoolean done = new AtomicBoolean();
    Runnable work =
        () -> {
          began.countDown();
          await(end);
          done.set(true);
        };
    start(
        () -> {
          way.apply(closing).accept(work);
          return true;
        });
    began.await();
    Future<Boolean> close = start(() -> closing.close() && done.get());
    while (!closing.isClosed()) {
      Thread.onSpinWait();
    }
    end.countDown();
    assertTrue(close.get(20, SECONDS), "it ended after the work");
  }

  @Test
  void theEndWithinOnesOwnStoreDoesNotWaitForThat() {
    gate.store(gate::close);
    assertTrue(gate.isClosed());
  }

  @Test
  void theEndEndsTheWaitingOfAStore() throws Exception {
    assertTrue(gate.pause(LONG));
    AtomicBoolean stored = new AtomicBoolean();
    Future<Boolean> store =
        start(
            () -> {
              gate.store(() -> stored.set(true));
              return true;
            });
    gate.close();
    ExecutionException failed =
        assertThrows(ExecutionException.class, () -> store.get(20, SECONDS));
    assertTrue(failed.getCause() instanceof IllegalStateException);
    gate.resume();
    assertFalse(stored.get());
  }

  @Test
  void nothingIsDoneBehindAClosedGateAndItsPauseIsReachedAtOnce() throws Exception {
    assertTrue(gate.enter());
    gate.leave(true);
    gate.close();
    AtomicInteger settled = new AtomicInteger();
    GatedWriter writer = new GatedWriter("cpu0", gate, settled::incrementAndGet, Optional.empty());
    assertTrue(writer.pause(SHORT), "though an answer was still to come");
    writer.resume();
    assertFalse(gate.unlessClosed(settled::incrementAndGet));
    assertThrows(
        IllegalStateException.class, () -> gate.outsideWhileOpen(LONG, settled::incrementAndGet));
    assertFalse(gate.reenter());
    assertEquals(0, settled.get());
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
