package holdfast.machine.migration.internal.incoming;

import java.io.IOException;
import java.nio.channels.Channel;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Closes a connection by which nothing has come for a time. Thread-safe. */
final class Silence implements AutoCloseable {
  private final Duration limit;
  private final CountDownLatch end = new CountDownLatch(1);
  private volatile boolean broken;

  /** Counts what comes. */
  @FunctionalInterface
  interface Counter {
    /** Returns another number whenever something has come. */
    long count();
  }

  private Silence(Duration limit) {
    this.limit = limit;
  }

  /** Watches a connection until this is closed. */
  static Silence watch(Channel channel, Duration limit, Counter counter) {
    Silence silence = new Silence(limit);
    Thread.ofVirtual().start(() -> silence.run(channel, counter));
    return silence;
  }

  private void run(Channel channel, Counter counter) {
    try {
      long before = -1;
      long now = counter.count();
      while (now != before) {
        if (end.await(limit.toNanos(), TimeUnit.NANOSECONDS)) {
          return;
        }
        before = now;
        now = counter.count();
      }
      broken = true;
      channel.close();
    } catch (IOException | InterruptedException e) {
      // it is as closed as it can be; nobody interrupts this thread
    }
  }

  /** Returns what an exception means if this has closed the connection. */
  IOException explained(IOException e) {
    return broken
        ? new IOException("the source sent nothing for " + limit.toSeconds() + " s", e)
        : e;
  }

  @Override
  public void close() {
    end.countDown();
  }
}
