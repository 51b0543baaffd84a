package holdfast.machine.copy;

import holdfast.backend.api.RamBlockException;
import holdfast.machine.api.GuestWriter;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.osgi.annotation.versioning.ConsumerType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The registered guest writers, which are paused and resumed together. Thread-safe: even if several
 * regions are swapped at the same time, only one swap pauses the writers at a time.
 */
public final class GuestWriters {
  private static final Logger LOG = LoggerFactory.getLogger(GuestWriters.class);

  /** How long the writers together may take to resume before those that don't are reported. */
  static final Duration RESUME_LIMIT = Duration.ofSeconds(1);

  private final List<RegisteredWriter> registered = new CopyOnWriteArrayList<>();
  private volatile Arrivals arrivals = new Arrivals(0, "", 0, "");

  /**
   * The writers registered so far, including those since unregistered.
   *
   * @param count how many
   * @param last the name of the last one, in quotes
   * @param withLog how many of them keep a log
   * @param lastWithLog the name of the last one that keeps a log
   */
  record Arrivals(long count, String last, long withLog, String lastWithLog) {
    private Arrivals and(RegisteredWriter writer, boolean keepsLog) {
      return new Arrivals(
          count + 1,
          writer.name(),
          keepsLog ? withLog + 1 : withLog,
          keepsLog ? writer.name() : lastWithLog);
    }
  }

  /** Fair, so that no swap waits for ever for others. */
  private final Semaphore pausing = new Semaphore(1, true);

  /** Held while a block replaces another: the registration of a writer waits for it. */
  private final ReentrantLock door = new ReentrantLock();

  /** Replaces one block with another. */
  @ConsumerType
  public interface Exchange {
    void make() throws RamBlockException, IOException;
  }

  /** Receives the outcome of a pause. */
  @ConsumerType
  public interface Told {
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
    RegisteredWriter newcomer = new RegisteredWriter(writer);
    boolean keepsLog = newcomer.mayKeepLog(); // called before anything is locked
    door.lock();
    try {
      arrivals = arrivals.and(newcomer, keepsLog);
      registered.add(newcomer);
    } finally {
      door.unlock();
    }
  }

  /** Unregisters a writer, which no longer stores. */
  public void remove(GuestWriter writer) {
    for (RegisteredWriter one : list()) {
      if (one.is(writer) && registered.remove(one)) {
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
  Arrivals arrivals() {
    return arrivals;
  }

  /**
   * Pauses all writers, including those registered meanwhile, or none.
   *
   * @param limit how long that may take altogether: a writer that pauses later is resumed, and one
   *     that never returns from its pause delays nobody
   * @param told receives the outcome when the pause is over
   * @throws GivenUpException if a writer could not be paused; then all are resumed
   * @throws InterruptedException if the caller was interrupted; then all are resumed
   */
  public Pause pause(Duration limit, Told told) throws GivenUpException, InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    if (!pausing.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new GivenUpException(
          "another swap, or an evacuation, kept the writers paused for more than "
              + limit.toMillis()
              + " ms");
    }
    Pause pause = new Pause(told);
    boolean complete = false;
    try {
      for (List<RegisteredWriter> next = pause.newcomers();
          !next.isEmpty();
          next = pause.newcomers()) {
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

  /** A pause of the writers, which lasts until it is closed. */
  public final class Pause implements AutoCloseable {
    private final List<RegisteredWriter> paused = new ArrayList<>();

    private final long began = System.nanoTime();
    private final Told told;

    private Pause(Told told) {
      this.told = told;
    }

    /** Returns the writers that are registered and not paused. */
    private List<RegisteredWriter> newcomers() {
      return registered.stream().filter(writer -> !paused.contains(writer)).toList();
    }

    /**
     * Asks all newcomers at once. Even if this throws, those that have paused are in {@link
     * #paused}.
     */
    private void extendTo(List<RegisteredWriter> newcomers, long end, Duration limit)
        throws GivenUpException, InterruptedException {
      Map<RegisteredWriter, BoundedCall<Boolean>> asked = new LinkedHashMap<>();
      newcomers.forEach(writer -> writer.pause(end).ifPresent(call -> asked.put(writer, call)));
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
          writer.letGo();
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
      List<RegisteredWriter> newcomers = newcomers();
      if (!newcomers.isEmpty()) {
        throw new GivenUpException(
            "the writer " + newcomers.getFirst().name() + " came after all others had paused");
      }
    }

    /**
     * Makes an exchange while every writer is paused; the registration of another writer waits for
     * its end.
     *
     * @throws GivenUpException if a writer was registered before and is not paused; then the
     *     exchange is not made
     */
    public void whileNobodyStores(Exchange exchange)
        throws RamBlockException, IOException, GivenUpException {
      door.lock();
      try {
        requireAll();
        exchange.make();
      } finally {
        door.unlock();
      }
    }

    /** Resumes all writers; none waits for another. */
    @Override
    public void close() {
      Map<RegisteredWriter, BoundedCall<Boolean>> asked = new LinkedHashMap<>();
      paused.forEach(writer -> asked.put(writer, writer.resume()));
      paused.clear();
      long end = System.nanoTime() + RESUME_LIMIT.toNanos();
      asked.forEach((writer, call) -> awaitResumed(writer, call, end));
      pausing.release();
      told.paused(Duration.ofNanos(System.nanoTime() - began));
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
      told.failed(sentence);
    }
  }
}
