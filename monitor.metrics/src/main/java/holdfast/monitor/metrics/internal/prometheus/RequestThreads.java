package holdfast.monitor.metrics.internal.prometheus;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * Gives each request a virtual thread of its own, for a limited time: who sends half a request, or
 * does not read the answer, harms nobody else. A thread that is interrupted closes its connection.
 * Of too many the oldest one goes, so that who makes them keeps nobody out.
 *
 * <p>Thread-safe.
 */
final class RequestThreads implements Executor {
  /** How many connections are served at the same time. */
  static final int MAX = 64;

  private final Duration limit;

  /** The oldest first. Guarded by this. */
  private final Deque<Thread> threads = new ArrayDeque<>();

  /** Guarded by this. */
  private boolean isShutdown;

  /**
   * @param limit how long a request may take
   */
  RequestThreads(Duration limit) {
    this.limit = limit;
  }

  @Override
  public void execute(Runnable request) {
    Thread thread = Thread.ofVirtual().name("holdfast-metrics").unstarted(() -> run(request));
    Thread oldest = null;
    synchronized (this) {
      if (isShutdown) {
        throw new RejectedExecutionException("the metrics are no longer served");
      }
      threads.addLast(thread);
      if (threads.size() > MAX) {
        oldest = threads.removeFirst();
      }
    }
    if (oldest != null) {
      oldest.interrupt();
    }
    thread.start();
    Thread.ofVirtual().name("holdfast-metrics-limit").start(() -> limit(thread));
  }

  private void run(Runnable request) {
    try {
      request.run();
    } finally {
      synchronized (this) {
        threads.remove(Thread.currentThread());
        notifyAll();
      }
    }
  }

  private void limit(Thread thread) {
    try {
      if (!thread.join(limit)) {
        thread.interrupt();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // nobody does that
    }
  }

  /** Interrupts all, and takes no more. */
  synchronized void shutdown() {
    isShutdown = true;
    threads.forEach(Thread::interrupt);
  }

  /** Waits until all have ended, or the time is over. */
  synchronized void awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    long end = System.nanoTime() + unit.toNanos(timeout);
    long left = unit.toMillis(timeout);
    while (!threads.isEmpty() && left > 0) {
      wait(left);
      left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
    }
  }
}
