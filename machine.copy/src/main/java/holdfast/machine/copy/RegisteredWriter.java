package holdfast.machine.copy;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.MemoryRegion;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A registered guest writer. All calls to it are made one after another in a thread of its own, so
 * that a call that never returns delays nobody else. Callers wait for a limited time.
 *
 * <p>Thread-safe.
 */
final class RegisteredWriter {
  private static final Logger LOG = LoggerFactory.getLogger(RegisteredWriter.class);

  /** How long a writer may take to return its name, or its log, when it is registered. */
  private static final Duration NAME_LIMIT = Duration.ofSeconds(1);

  private final GuestWriter writer;

  /** Used in the writer's thread alone. */
  private final WriterPauses pauses;

  private final ExecutorService thread;
  private final BoundedCall<Optional<DirtyLog>> log;
  private final String name;

  /** The call that the thread is making; null if it waits for work. */
  private volatile @Nullable BoundedCall<?> current;

  /**
   * The number of callers for which it must stay callable: those that paused it, and those that use
   * its log. Guarded by this.
   */
  private int users;

  /** Whether it is no longer registered. Guarded by this. */
  private boolean retired;

  /**
   * Asks the writer for its name and waits for it within a limit; then begins to ask for its log.
   */
  RegisteredWriter(GuestWriter writer) {
    this.writer = writer;
    this.pauses = new WriterPauses(writer);
    this.thread =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("holdfast-writer").factory());
    BoundedCall<String> asked = begin("name()", writer::name, late -> {});
    this.log = begin("dirtyLog()", writer::dirtyLog, late -> {});
    this.name = nameFrom(asked);
  }

  private String nameFrom(BoundedCall<String> asked) {
    try {
      return "'" + asked.await(System.nanoTime() + NAME_LIMIT.toNanos()) + "'";
    } catch (TimeoutException | ExecutionException e) {
      return "of " + writer.getClass().getName();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "of " + writer.getClass().getName();
    }
  }

  /** Returns its name in quotes, for messages. */
  String name() {
    return name;
  }

  @SuppressWarnings("ReferenceEquality") // a service object is itself
  boolean is(GuestWriter other) {
    return writer == other;
  }

  /** Marks it as no longer registered: its thread ends when nobody uses it any more. */
  synchronized void retire() {
    retired = true;
    endUnlessUsed();
  }

  /** Ends one use. */
  synchronized void release() {
    users--;
    endUnlessUsed();
  }

  private void endUnlessUsed() {
    if (retired && users == 0) {
      thread.shutdown();
    }
  }

  /** Begins a call; the writer is in use, or was just created. */
  private <T extends @Nullable Object> BoundedCall<T> begin(
      String what, BoundedCall.Body<T> body, Consumer<T> late) {
    BoundedCall<T> call = new BoundedCall<>(what, body, late);
    thread.execute(
        () -> {
          current = call;
          try {
            call.run();
          } finally {
            current = null;
          }
        });
    return call;
  }

  /**
   * Asks it to pause for a region, unless it is paused already; it is in use until {@link #resume}
   * or {@link #release}.
   *
   * @param end the latest time to pause, by {@link System#nanoTime}. If it pauses after the caller
   *     has given up, it is resumed at once
   * @return empty if it is no longer registered
   */
  synchronized Optional<BoundedCall<Boolean>> pause(MemoryRegion region, long end) {
    if (retired) {
      return Optional.empty();
    }
    users++;
    return Optional.of(
        begin(
            "pause()",
            () -> pauses.pause(region, Duration.ofNanos(Math.max(0, end - System.nanoTime()))),
            paused -> pausedTooLate(region, paused)));
  }

  /**
   * Asks it to stop for all regions; it is in use until {@link #cont} or {@link #release}.
   *
   * @param end as for {@link #pause}
   * @return empty if it is no longer registered
   */
  synchronized Optional<BoundedCall<Boolean>> stop(long end) {
    if (retired) {
      return Optional.empty();
    }
    users++;
    return Optional.of(
        begin(
            "pause()",
            () -> pauses.stop(Duration.ofNanos(Math.max(0, end - System.nanoTime()))),
            this::stoppedTooLate));
  }

  private void stoppedTooLate(boolean stopped) {
    if (stopped) {
      LOG.warn("the writer {} paused when nobody waited for it any more, and is resumed", name);
      try {
        pauses.cont();
      } catch (RuntimeException | Error e) {
        LOG.error("the writer {} failed to resume", name, e);
      }
    }
  }

  /** Asks it to go on, after it has stopped, and ends the use. */
  BoundedCall<Boolean> cont() {
    BoundedCall<Boolean> call =
        begin(
            "resume()",
            () -> {
              pauses.cont();
              return true;
            },
            late -> {});
    release();
    return call;
  }

  /**
   * Resumes a writer that paused too late. Runs in the writer's thread, before any other call:
   * otherwise it would stay paused for ever.
   */
  private void pausedTooLate(MemoryRegion region, boolean paused) {
    if (!paused) {
      return;
    }
    LOG.warn("the writer {} paused when nobody waited for it any more, and is resumed", name);
    try {
      pauses.resume(region);
    } catch (RuntimeException | Error e) {
      LOG.error("the writer {} failed to resume", name, e);
    }
  }

  /** Asks it to resume, after it has paused for a region, and ends the use. */
  BoundedCall<Boolean> resume(MemoryRegion region) {
    BoundedCall<Boolean> call = begin("resume()", () -> resumed(region), late -> {});
    release();
    return call;
  }

  private boolean resumed(MemoryRegion region) {
    long before = System.nanoTime();
    pauses.resume(region);
    Duration time = Duration.ofNanos(System.nanoTime() - before);
    if (time.compareTo(GuestWriters.RESUME_LIMIT) > 0) {
      LOG.warn("the writer {} came back from resume() after {} ms", name, time.toMillis());
    }
    return true;
  }

  /**
   * Returns the sentence about a call that did not return in time.
   *
   * @param call the call that was waited for
   */
  @SuppressWarnings("ReferenceEquality") // a call is itself
  String overdue(BoundedCall<?> call, Duration limit) {
    BoundedCall<?> busy = current;
    if (busy == null || busy == call) {
      return "the writer "
          + name
          + " did not come back from "
          + call.name()
          + " within "
          + limit.toMillis()
          + " ms";
    }
    return "the writer "
        + name
        + " has not come back from "
        + busy.name()
        + " since "
        + busy.age().toMillis()
        + " ms: end what it waits for, or unregister it";
  }

  /** Returns whether it keeps a log, or has not yet answered whether it does. */
  boolean mayKeepLog() {
    try {
      return keptLog(NAME_LIMIT).isPresent();
    } catch (GivenUpException e) {
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private Optional<DirtyLog> keptLog(Duration limit) throws GivenUpException, InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    try {
      if (!log.isAnswered(end)) {
        throw new GivenUpException(overdue(log, limit));
      }
      return log.await(end);
    } catch (TimeoutException e) {
      throw new GivenUpException(overdue(log, limit));
    } catch (ExecutionException e) {
      throw failedIn(log, e);
    }
  }

  private GivenUpException failedIn(BoundedCall<?> call, ExecutionException e) {
    return new GivenUpException(
        "the writer " + name + " failed in " + call.name() + ": " + e.getCause());
  }

  /**
   * Returns its log, if it keeps one and is registered. The writer is in use until {@link
   * Log#stop}.
   *
   * @param limit how long it may take to answer
   */
  Optional<Log> openLog(Duration limit) throws GivenUpException, InterruptedException {
    Optional<DirtyLog> kept = keptLog(limit);
    synchronized (this) {
      if (kept.isEmpty() || retired) {
        return Optional.empty();
      }
      users++;
    }
    return kept.map(Log::new);
  }

  private <T> T call(String what, BoundedCall.Body<T> body, Duration limit)
      throws GivenUpException, InterruptedException {
    BoundedCall<T> call = begin(what, body, late -> {});
    try {
      return call.await(System.nanoTime() + limit.toNanos());
    } catch (TimeoutException e) {
      throw new GivenUpException(overdue(call, limit));
    } catch (ExecutionException e) {
      throw failedIn(call, e);
    }
  }

  /** The writer's own log of its stores. */
  final class Log {
    private final DirtyLog own;

    private Log(DirtyLog own) {
      this.own = own;
    }

    /** Starts logging stores. */
    void start(MemoryRegion region, Duration limit) throws GivenUpException, InterruptedException {
      call(
          "DirtyLog.start",
          () -> {
            own.start(region);
            return true;
          },
          limit);
    }

    /** Adds the pages that were stored into since the last call. */
    void collect(MemoryRegion region, DirtyRanges into, Duration limit)
        throws GivenUpException, InterruptedException {
      into.addAll(call("DirtyLog.collect", () -> collect(region), limit));
    }

    /**
     * Collects into a new set, in the writer's thread: nobody else sees these ranges before they
     * are complete.
     */
    private DirtyRanges collect(MemoryRegion region) {
      ByteSize size = region.size();
      DirtyRanges found = new DirtyRanges();
      own.collect(region, (offset, length) -> found.addPages(offset, length, size.bytes()));
      return found;
    }

    /** Stops logging stores, as soon as earlier calls have returned, and ends the use. */
    void stop(MemoryRegion region) {
      BoundedCall<Boolean> call =
          begin(
              "DirtyLog.stop",
              () -> {
                own.stop(region);
                return true;
              },
              late -> {});
      release();
      long end = System.nanoTime() + GuestWriters.RESUME_LIMIT.toNanos();
      try {
        if (!call.isAnswered(end)) {
          LOG.error(
              "memory backend '{}': {}", region.id(), overdue(call, GuestWriters.RESUME_LIMIT));
        }
      } catch (ExecutionException e) {
        LOG.error("memory backend '{}': {}", region.id(), failedIn(call, e).getMessage());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
