package holdfast.launcher.internal.swap;

import holdfast.backend.api.RamBlockException;
import holdfast.machine.api.GuestWriter;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The registered guest writers, which are paused and resumed together. Thread-safe: however many
 * regions are swapped at the same time, a writer is asked to pause by one of them at a time.
 */
public final class GuestWriters {
  private static final Logger LOG = LoggerFactory.getLogger(GuestWriters.class);

  private final List<GuestWriter> registered = new CopyOnWriteArrayList<>();
  private volatile Arrivals arrivals = new Arrivals(0, "");

  private record Arrivals(long count, String last) {}

  /** Fair, so that no swap is kept waiting by the others. */
  private final Semaphore pausing = new Semaphore(1, true);

  /** Held while a block takes another's place: a writer that is just being registered waits. */
  private final ReentrantLock door = new ReentrantLock();

  /** One block takes another's place. */
  interface Exchange {
    void make() throws RamBlockException, IOException;
  }

  /** From now on it is paused with the others; returns when it may store. */
  public void add(GuestWriter writer) {
    door.lock();
    try {
      arrivals = new Arrivals(arrivals.count + 1, nameOf(writer));
      registered.add(writer);
    } finally {
      door.unlock();
    }
  }

  /** It stores no more. */
  public void remove(GuestWriter writer) {
    registered.removeIf(one -> isSame(one, writer));
  }

  /** Those that are registered now. */
  List<GuestWriter> list() {
    return List.copyOf(registered);
  }

  /** How many have been registered so far, those that are gone among them. */
  long arrivals() {
    return arrivals.count;
  }

  /** The name of the one that was registered last, in quotes. */
  String lastToArrive() {
    return arrivals.last;
  }

  @SuppressWarnings("ReferenceEquality") // a service object is itself
  private static boolean isSame(GuestWriter one, GuestWriter other) {
    return one == other;
  }

  /**
   * Pauses all of them, those that are registered meanwhile too, or none.
   *
   * @param limit how long that may take altogether
   * @param told for how long they were paused, when that is over
   * @throws GivenUpException if it could not be done; then all go on
   */
  Pause pause(Duration limit, Consumer<Duration> told)
      throws GivenUpException, InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    if (!pausing.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new GivenUpException(
          "another swap, or an evacuation, kept the writers paused for more than "
              + limit.toMillis()
              + " ms");
    }
    Pause pause = new Pause(told);
    try {
      for (Optional<GuestWriter> next = pause.newcomer();
          next.isPresent();
          next = pause.newcomer()) {
        pause(next.get(), end, limit);
        pause.paused.add(next.get());
      }
      return pause;
    } catch (GivenUpException | InterruptedException | RuntimeException | Error e) {
      pause.close();
      throw e;
    }
  }

  private static void pause(GuestWriter writer, long end, Duration limit)
      throws GivenUpException, InterruptedException {
    boolean paused;
    try {
      paused = writer.pause(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
    } catch (RuntimeException | LinkageError e) {
      // its bundle may be going
      throw new GivenUpException("the writer " + nameOf(writer) + " failed to pause: " + e);
    }
    if (!paused) {
      throw new GivenUpException(
          "the writer " + nameOf(writer) + " did not pause within " + limit.toMillis() + " ms");
    }
  }

  private static String nameOf(GuestWriter writer) {
    try {
      return "'" + writer.name() + "'";
    } catch (RuntimeException | LinkageError e) {
      return "of " + writer.getClass().getName();
    }
  }

  /** Writers that stand still, until it is closed. */
  final class Pause implements AutoCloseable {
    private final List<GuestWriter> paused = new ArrayList<>();

    private final long began = System.nanoTime();
    private final Consumer<Duration> told;

    private Pause(Consumer<Duration> told) {
      this.told = told;
    }

    /** One that is registered and not paused. */
    private Optional<GuestWriter> newcomer() {
      return registered.stream()
          .filter(writer -> paused.stream().noneMatch(one -> isSame(one, writer)))
          .findFirst();
    }

    /**
     * That nobody stores.
     *
     * @throws GivenUpException if a writer was registered since all others were paused
     */
    private void requireAll() throws GivenUpException {
      Optional<GuestWriter> newcomer = newcomer();
      if (newcomer.isPresent()) {
        throw new GivenUpException(
            "the writer " + nameOf(newcomer.get()) + " came after all others had paused");
      }
    }

    /**
     * Makes an exchange, during which nobody stores: a writer that is just being registered waits
     * for its end.
     *
     * @throws GivenUpException if one was registered before; then it is not made
     */
    void whileNobodyStores(Exchange exchange)
        throws RamBlockException, IOException, GivenUpException {
      door.lock();
      try {
        requireAll();
        exchange.make();
      } finally {
        door.unlock();
      }
    }

    /** All go on. */
    @Override
    public void close() {
      for (GuestWriter writer : paused.reversed()) {
        try {
          writer.resume();
        } catch (RuntimeException | Error e) { // the others go on all the same
          LOG.error("the writer {} failed to resume", nameOf(writer), e);
        }
      }
      paused.clear();
      pausing.release();
      told.accept(Duration.ofNanos(System.nanoTime() - began));
    }
  }
}
