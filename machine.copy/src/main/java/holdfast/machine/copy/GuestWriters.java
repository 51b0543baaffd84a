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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The registered guest writers, which are paused and resumed together. Thread-safe: however many
 * regions are swapped at the same time, a writer is asked to pause by one of them at a time.
 */
public final class GuestWriters {
  private static final Logger LOG = LoggerFactory.getLogger(GuestWriters.class);

  /** How long the writers together may take to resume, before one that doesn't is told of. */
  static final Duration RESUME_LIMIT = Duration.ofSeconds(1);

  private final List<RegisteredWriter> registered = new CopyOnWriteArrayList<>();
  private volatile Arrivals arrivals = new Arrivals(0, "", 0, "");

  /**
   * Who has been registered so far, those that are gone among them.
   *
   * @param count how many
   * @param last the name of the last one, in quotes
   * @param withLog how many of them keep a log
   * @param lastWithLog the name of the last one of these
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

  /** Fair, so that no swap is kept waiting by the others. */
  private final Semaphore pausing = new Semaphore(1, true);

  /** Held while a block takes another's place: a writer that is just being registered waits. */
  private final ReentrantLock door = new ReentrantLock();

  /** One block takes another's place. */
  public interface Exchange {
    void make() throws RamBlockException, IOException;
  }

  /** Told of a pause when it is over. */
  public interface Told {
    /** For how long the writers were paused. */
    void paused(Duration time);

    /**
     * A writer does not go on.
     *
     * @param sentence which one, and why
     */
    default void failed(String sentence) {}
  }

  /** From now on it is paused with the others; returns when it may store. */
  public void add(GuestWriter writer) {
    RegisteredWriter newcomer = new RegisteredWriter(writer);
    boolean keepsLog = newcomer.mayKeepLog(); // asked before anything is locked
    door.lock();
    try {
      arrivals = arrivals.and(newcomer, keepsLog);
      registered.add(newcomer);
    } finally {
      door.unlock();
    }
  }

  /** It stores no more. */
  public void remove(GuestWriter writer) {
    for (RegisteredWriter one : list()) {
      if (one.is(writer) && registered.remove(one)) {
        one.retire();
      }
    }
  }

  /** Whether none is registered now. */
  public boolean areNone() {
    return registered.isEmpty();
  }

  /** Those that are registered now. */
  List<RegisteredWriter> list() {
    return List.copyOf(registered);
  }

  /** Who has been registered so far. */
  Arrivals arrivals() {
    return arrivals;
  }

  /**
   * Pauses all of them, those that are registered meanwhile too, or none.
   *
   * @param limit how long that may take altogether: who pauses later is resumed, and who never
   *     comes back from its pause keeps nobody
   * @param told when it is over
   * @throws GivenUpException if it could not be done; then all go on
   * @throws InterruptedException the same, if the caller was interrupted
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

  /** Writers that stand still, until it is closed. */
  public final class Pause implements AutoCloseable {
    private final List<RegisteredWriter> paused = new ArrayList<>();

    private final long began = System.nanoTime();
    private final Told told;

    private Pause(Told told) {
      this.told = told;
    }

    /** Those that are registered and not paused. */
    private List<RegisteredWriter> newcomers() {
      return registered.stream().filter(writer -> !paused.contains(writer)).toList();
    }

    /** Asks all of them at once; when it throws, whoever has paused is among the paused. */
    private void extendTo(List<RegisteredWriter> newcomers, long end, Duration limit)
        throws GivenUpException, InterruptedException {
      Map<RegisteredWriter, BoundedCall<Boolean>> asked = new LinkedHashMap<>();
      newcomers.forEach(writer -> writer.pause(end).ifPresent(call -> asked.put(writer, call)));
      Optional<GivenUpException> failure = Optional.empty();
      boolean interrupted = false;
      for (Map.Entry<RegisteredWriter, BoundedCall<Boolean>> one : asked.entrySet()) {
        try {
          // once one has failed, the others are not waited for
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
        // its bundle may be going
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
     * That nobody stores.
     *
     * @throws GivenUpException if a writer was registered since all others were paused
     */
    private void requireAll() throws GivenUpException {
      List<RegisteredWriter> newcomers = newcomers();
      if (!newcomers.isEmpty()) {
        throw new GivenUpException(
            "the writer " + newcomers.getFirst().name() + " came after all others had paused");
      }
    }

    /**
     * Makes an exchange, during which nobody stores: a writer that is just being registered waits
     * for its end.
     *
     * @throws GivenUpException if one was registered before; then it is not made
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

    /** All go on, and none waits for another. */
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
          interrupted = true; // a writer that doesn't go on is told of all the same
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
