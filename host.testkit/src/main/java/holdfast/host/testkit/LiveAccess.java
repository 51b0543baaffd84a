package holdfast.host.testkit;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Simulates a guest's threads at work on a block, to check that they never notice what is done to
 * it. In every 512 bytes they use one word: a reader checks those of the block's first half, and a
 * writer increments those of its second half, and finds any increment that was lost.
 */
public final class LiveAccess implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;
  private static final int STRIDE = 512;

  private final MemorySegment segment;
  private final long half;
  private final AtomicLong readRounds = new AtomicLong();
  private final AtomicLong writeRounds = new AtomicLong();
  private final AtomicReference<@Nullable Throwable> readerEnd = new AtomicReference<>();
  private final AtomicReference<@Nullable Throwable> writerEnd = new AtomicReference<>();
  private final List<Thread> threads = new ArrayList<>();

  /** Held for each round of the writer; fair, so that it can be paused. */
  private final Semaphore writing = new Semaphore(1, true);

  private volatile boolean stopped;

  private LiveAccess(MemorySegment segment) {
    this.segment = segment;
    this.half = segment.byteSize() / 2;
  }

  /**
   * Fills the segment and starts both threads.
   *
   * @param segment writable, of a multiple of 1024 bytes
   */
  public static LiveAccess over(MemorySegment segment) {
    LiveAccess live = new LiveAccess(segment);
    for (long at = 0; at < live.half; at += STRIDE) {
      segment.set(WORD, at, wordAt(at));
      segment.set(WORD, live.half + at, 0);
    }
    live.start("reader", live::read, live.readerEnd);
    live.start("writer", live::write, live.writerEnd);
    live.awaitProgress();
    return live;
  }

  private static long wordAt(long offset) {
    return offset * 0x9E3779B97F4A7C15L + 1;
  }

  @SuppressWarnings("IllegalCatch") // the test judges whatever a thread ends with
  private void start(String name, Runnable rounds, AtomicReference<@Nullable Throwable> end) {
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .name(name)
            .start(
                () -> {
                  try {
                    rounds.run();
                  } catch (Throwable seen) {
                    end.set(seen);
                  }
                });
    threads.add(thread);
  }

  private void read() {
    while (!stopped) {
      for (long at = 0; at < half; at += STRIDE) {
        long seen = segment.get(WORD, at);
        if (seen != wordAt(at)) {
          throw new AssertionError("a wrong word at offset " + at + ": " + Long.toHexString(seen));
        }
      }
      readRounds.incrementAndGet();
      Thread.yield();
    }
  }

  private void write() {
    for (long round = 1; !stopped; round++) {
      writing.acquireUninterruptibly();
      try {
        writeRound(round);
      } finally {
        writing.release();
      }
      Thread.yield();
    }
  }

  private void writeRound(long round) {
    for (long at = half; at < 2 * half; at += STRIDE) {
      long before = segment.get(WORD, at);
      if (before != round - 1) {
        throw new AssertionError(
            "a lost store at offset " + at + ": " + before + ", not " + (round - 1));
      }
      segment.set(WORD, at, round);
    }
    writeRounds.incrementAndGet();
  }

  /** Pauses the writer between two rounds while {@code exchange} runs; the reader continues. */
  public <E extends Exception> void whileWriterPauses(Exchange<E> exchange) throws E {
    writing.acquireUninterruptibly();
    try {
      exchange.run();
    } finally {
      writing.release();
    }
  }

  /** An action on a memory that the writer is not storing into. */
  @FunctionalInterface
  @ConsumerType
  public interface Exchange<E extends Exception> {
    /** Performs the action. */
    void run() throws E;
  }

  /** Waits until each thread has completed a whole round. */
  public void awaitProgress() {
    long limit = System.nanoTime() + LIMIT.toNanos();
    long reads = readRounds.get();
    long writes = writeRounds.get();
    while (readRounds.get() < reads + 2 || writeRounds.get() < writes + 2) {
      if (readerEnd.get() != null || writerEnd.get() != null) {
        throw failure();
      }
      if (System.nanoTime() > limit) {
        throw new AssertionError("the threads at work on the block stand still");
      }
      LockSupport.parkNanos(10_000);
    }
  }

  /** Waits for threads that are about to end by themselves. */
  public void awaitEnd() {
    for (Thread thread : threads) {
      try {
        if (!thread.join(LIMIT)) {
          throw new AssertionError("the " + thread.getName() + " does not end");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError("interrupted", e);
      }
    }
  }

  /** Returns what the threads ended with, other than by {@link #close()}. */
  public List<Throwable> ends() {
    List<Throwable> ends = new ArrayList<>();
    for (AtomicReference<@Nullable Throwable> end : List.of(readerEnd, writerEnd)) {
      Throwable seen = end.get();
      if (seen != null) {
        ends.add(seen);
      }
    }
    return ends;
  }

  /**
   * Asserts that {@code bytes} holds what the reader expects and what the writer wrote last. Only
   * after {@link #close()}.
   *
   * @throws AssertionError if it doesn't
   */
  public void assertHeldBy(MemorySegment bytes) {
    long rounds = writeRounds.get();
    for (long at = 0; at < half; at += STRIDE) {
      long known = bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
      long written = bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, half + at);
      if (known != wordAt(at) || written != rounds) {
        throw new AssertionError(
            "at offset "
                + at
                + ": "
                + Long.toHexString(known)
                + ", "
                + written
                + ", not "
                + rounds);
      }
    }
  }

  private AssertionError failure() {
    AssertionError error = new AssertionError("a thread at work on the block met an error");
    ends().forEach(error::addSuppressed);
    return error;
  }

  /**
   * Stops both threads at the end of their rounds.
   *
   * @throws AssertionError if one of them saw a wrong word or ended with an exception
   */
  @Override
  public void close() {
    stopped = true;
    awaitEnd();
    if (!ends().isEmpty()) {
      throw failure();
    }
  }
}
