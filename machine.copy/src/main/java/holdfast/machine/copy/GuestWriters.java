package holdfast.machine.copy;

import holdfast.backend.api.RamBlockException;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.MemoryRegion;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The registered guest writers, which are paused and resumed together. Thread-safe: if several
 * regions are swapped at the same time, their pauses can overlap; {@link RegisteredWriter} counts
 * them.
 */
public final class GuestWriters {
  private static final Logger LOG = LoggerFactory.getLogger(GuestWriters.class);

  /** How long the writers together may take to resume before those that don't are reported. */
  static final Duration RESUME_LIMIT = Duration.ofSeconds(1);

  /** How long a writer may take to stop that is registered while the others are stopped. */
  private static final Duration STOP_LIMIT = Duration.ofSeconds(1);

  private final List<RegisteredWriter> registered = new CopyOnWriteArrayList<>();
  private volatile Registrations registrations = new Registrations(0, "", 0, "");

  /**
   * The writers registered so far, including those since unregistered.
   *
   * @param count how many
   * @param last the name of the last one, in quotes
   * @param withLog how many of them keep a log
   * @param lastWithLog the name of the last one that keeps a log
   */
  record Registrations(long count, String last, long withLog, String lastWithLog) {
    private Registrations and(RegisteredWriter writer, boolean keepsLog) {
      return new Registrations(
          count + 1,
          writer.name(),
          keepsLog ? withLog + 1 : withLog,
          keepsLog ? writer.name() : lastWithLog);
    }
  }

  /**
   * Its read lock is held while a block replaces another, its write lock to register a writer: a
   * registration waits for exchanges, and exchanges of different regions don't wait for each other.
   */
  private final ReentrantReadWriteLock registration = new ReentrantReadWriteLock();

  /** Held to stop all writers, and to end that. */
  private final ReentrantLock stopping = new ReentrantLock();

  /** The stop of all writers; null if they are not stopped. Written under {@link #stopping}. */
  private volatile @Nullable Pause stopped;

  /** Replaces one block with another. */
  @ConsumerType
  public interface Exchange {
    void make() throws RamBlockException, IOException;
  }

  /** Receives the outcome of a pause. */
  @ConsumerType
  public interface Outcome {
    /** Reports how long the writers were paused. */
    void paused(Duration time);

    /**
     * Reports that a writer did not resume.
     *
     * @param sentence which one, and why
     */
    default void failed(String sentence) {}
  }

  /**
   * Registers a writer: from now on it is paused with the others. It may store when this returns.
   */
  public void add(GuestWriter writer) {
    RegisteredWriter added = new RegisteredWriter(writer);
    boolean keepsLog = added.mayKeepLog(); // called before anything is locked
    registration.writeLock().lock();
    try {
      registrations = registrations.and(added, keepsLog);
      registered.add(added);
    } finally {
      registration.writeLock().unlock();
    }
    stopIfOthersAre(added);
  }

  /** Unregisters a writer, which no longer stores. */
  public void remove(GuestWriter writer) {
    for (RegisteredWriter one : list()) {
      if (one.is(writer) && registered.remove(one)) {
        one.retire();
      }
    }
  }

  /** Unregisters all writers. */
  public void removeAll() {
    for (RegisteredWriter one : list()) {
      if (registered.remove(one)) {
        one.retire();
      }
    }
  }

  /** Returns whether no writer is registered now. */
  public boolean areNone() {
    return registered.isEmpty();
  }

  /** Returns the writers that are registered now. */
  List<RegisteredWriter> list() {
    return List.copyOf(registered);
  }

  /** Returns the writers registered so far. */
  Registrations registrations() {
    return registrations;
  }

  /**
   * Pauses all writers, including those registered meanwhile, or none.
   *
   * @param region into which nothing is to be stored; a writer that can tell regions apart goes on
   *     with the others
   * @param limit how long that may take altogether: a writer that pauses later is resumed, and one
   *     that never returns from its pause delays nobody
   * @param outcome receives the outcome when the pause is over
   * @throws GivenUpException if a writer could not be paused; then all are resumed
   * @throws InterruptedException if the caller was interrupted; then all are resumed
   */
  public Pause pause(MemoryRegion region, Duration limit, Outcome outcome)
      throws GivenUpException, InterruptedException {
    return pause(new PauseScope.OfRegion(region), limit, outcome);
  }

  private Pause pause(PauseScope scope, Duration limit, Outcome outcome)
      throws GivenUpException, InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    Pause pause = new Pause(scope, outcome);
    boolean complete = false;
    try {
      for (List<RegisteredWriter> next = pause.unpaused();
          !next.isEmpty();
          next = pause.unpaused()) {
        pause.extendTo(next, end, limit);
      }
      complete = true;
      return pause;
    } finally {
      if (!complete) {
        pause.close();
      }
    }
  }

  /**
   * Stops all writers until {@link #cont}; those that are registered meanwhile, too.
   *
   * @param limit as for {@link #pause}
   * @return false if they were stopped before
   * @throws GivenUpException if a writer could not be paused; then all are resumed
   * @throws InterruptedException if the caller was interrupted; then all are resumed
   */
  public boolean stop(Duration limit) throws GivenUpException, InterruptedException {
    if (!stopping.tryLock(limit.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new GivenUpException("the writers are just being stopped or resumed by somebody else");
    }
    try {
      if (stopped != null) {
        return false;
      }
      stopped = pause(new PauseScope.OfAll(), limit, time -> {});
      return true;
    } finally {
      stopping.unlock();
    }
  }

  /**
   * Ends the stop of all writers.
   *
   * @return false if they were not stopped
   */
  public boolean cont() {
    stopping.lock(); // whoever has it is done within the limits of a pause and of a resumption
    try {
      Pause ending = stopped;
      stopped = null;
      if (ending != null) {
        ending.close();
      }
      return ending != null;
    } finally {
      stopping.unlock();
    }
  }

  /** Returns whether the writers are stopped. */
  public boolean isStopped() {
    return stopped != null;
  }

  /** Stops a writer that was registered while the others are stopped. */
  private void stopIfOthersAre(RegisteredWriter added) {
    stopping.lock();
    try {
      Pause present = stopped;
      if (present != null && !present.paused.contains(added)) {
        long end = System.nanoTime() + STOP_LIMIT.toNanos();
        present.extendTo(List.of(added), end, STOP_LIMIT);
      }
    } catch (GivenUpException e) {
      LOG.warn("{}; it stores although the guest writers are stopped", e.getMessage());
    } catch (InterruptedException e) {
      LOG.warn(
          "the writer {} may store although the guest writers are stopped: the thread that registers"
              + " it was interrupted",
          added.name());
      Thread.currentThread().interrupt();
    } finally {
      stopping.unlock();
    }
  }

  /** A pause of the writers, which lasts until it is closed. */
  public final class Pause implements AutoCloseable {
    private final List<RegisteredWriter> paused = new ArrayList<>();

    private final long began = System.nanoTime();
    private final PauseScope scope;
    private final Outcome outcome;

    private Pause(PauseScope scope, Outcome outcome) {
      this.scope = scope;
      this.outcome = outcome;
    }

    /** Returns the writers that are registered and not paused. */
    private List<RegisteredWriter> unpaused() {
      return registered.stream().filter(writer -> !paused.contains(writer)).toList();
    }

    /**
     * Asks all unpaused at once. Even if this throws, those that have paused are in {@link
     * #paused}.
     */
    private void extendTo(List<RegisteredWriter> unpaused, long end, Duration limit)
        throws GivenUpException, InterruptedException {
      Map<RegisteredWriter, BoundedCall<Boolean>> asked = new LinkedHashMap<>();
      unpaused.forEach(
          writer -> scope.pause(writer, end).ifPresent(call -> asked.put(writer, call)));
      Optional<GivenUpException> failure = Optional.empty();
      boolean interrupted = false;
      for (Map.Entry<RegisteredWriter, BoundedCall<Boolean>> one : asked.entrySet()) {
        try {
          // after a failure, do not wait for the others
          boolean enough = interrupted || failure.isPresent();
          await(one.getKey(), one.getValue(), enough ? System.nanoTime() : end, limit);
        } catch (GivenUpException e) {
          failure = failure.or(() -> Optional.of(e));
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        throw new InterruptedException();
      }
      if (failure.isPresent()) {
        throw failure.get();
      }
    }

    private void await(RegisteredWriter writer, BoundedCall<Boolean> call, long end, Duration limit)
        throws GivenUpException, InterruptedException {
      boolean done = false;
      try {
        done = call.await(end);
      } catch (TimeoutException e) {
        throw new GivenUpException(writer.overdue(call, limit));
      } catch (ExecutionException e) {
        // its bundle may be stopping
        throw new GivenUpException(
            "the writer " + writer.name() + " failed to pause: " + e.getCause());
      } finally {
        if (done) {
          paused.add(writer);
        } else {
          writer.release();
        }
      }
      if (!done) {
        throw new GivenUpException(
            "the writer " + writer.name() + " did not pause within " + limit.toMillis() + " ms");
      }
    }

    /**
     * Checks that every registered writer is paused.
     *
     * @throws GivenUpException if a writer was registered after all others had paused
     */
    private void requireAll() throws GivenUpException {
      List<RegisteredWriter> unpaused = unpaused();
      if (!unpaused.isEmpty()) {
        throw new GivenUpException(
            "the writer " + unpaused.getFirst().name() + " came after all others had paused");
      }
    }

    /**
     * Makes an exchange while every writer is paused; the registration of another writer waits for
     * its end.
     *
     * @throws GivenUpException if a writer was registered before and is not paused; then the
     *     exchange is not made
     */
    public void withWritersStopped(Exchange exchange)
        throws RamBlockException, IOException, GivenUpException {
      registration.readLock().lock();
      try {
        requireAll();
        exchange.make();
      } finally {
        registration.readLock().unlock();
      }
    }

    /** Resumes all writers; none waits for another. */
    @Override
    public void close() {
      Map<RegisteredWriter, BoundedCall<Boolean>> asked = new LinkedHashMap<>();
      paused.forEach(writer -> asked.put(writer, scope.resume(writer)));
      paused.clear();
      long end = System.nanoTime() + RESUME_LIMIT.toNanos();
      asked.forEach((writer, call) -> awaitResumed(writer, call, end));
      outcome.paused(Duration.ofNanos(System.nanoTime() - began));
    }

    private void awaitResumed(RegisteredWriter writer, BoundedCall<Boolean> call, long end) {
      boolean interrupted = false;
      while (true) {
        try {
          if (!call.isAnswered(end)) {
            report(writer.overdue(call, RESUME_LIMIT) + "; it may stand still");
          }
          break;
        } catch (ExecutionException e) {
          report("the writer " + writer.name() + " failed to resume: " + e.getCause());
          break;
        } catch (InterruptedException e) {
          interrupted = true; // a writer that doesn't resume is reported all the same
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    private void report(String sentence) {
      LOG.error("{}", sentence);
      outcome.failed(sentence);
    }
  }
}
