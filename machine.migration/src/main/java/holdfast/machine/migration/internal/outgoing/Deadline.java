package holdfast.machine.migration.internal.outgoing;

import java.io.IOException;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Closes a channel unless it is closed itself in time, so that a thread that is blocked in a write
 * gets free. Thread-safe.
 */
final class Deadline implements AutoCloseable {
  private final Duration limit;
  private final CountDownLatch end = new CountDownLatch(1);
  private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);

  private enum State {
    OPEN,
    MET,
    PASSED
  }

  private Deadline(Duration limit) {
    this.limit = limit;
  }

  /** Returns one that ends after a time from now. */
  static Deadline closing(Channel channel, Duration limit) {
    Deadline deadline = new Deadline(limit);
    Thread.ofVirtual().start(() -> deadline.await(channel));
    return deadline;
  }

  private void await(Channel channel) {
    try {
      if (!end.await(limit.toNanos(), TimeUnit.NANOSECONDS)
          && state.compareAndSet(State.OPEN, State.PASSED)) {
        channel.close();
      }
    } catch (IOException | InterruptedException e) {
      // it is as closed as it can be; nobody interrupts this thread
    }
  }

  /**
   * Ends it.
   *
   * @throws IOException if it has passed
   */
  void requireMet() throws IOException {
    close();
    if (state.get() == State.PASSED) {
      throw explained(new ClosedChannelException());
    }
  }

  /** Returns the exception to throw for one that was met: what it means if this has passed. */
  IOException explained(IOException e) {
    return state.get() == State.PASSED
        ? new IOException(
            "the receiver did not take the rest within "
                + limit.toSeconds()
                + " s while the writers were stopped",
            e)
        : e;
  }

  @Override
  public void close() {
    state.compareAndSet(State.OPEN, State.MET);
    end.countDown();
  }
}
