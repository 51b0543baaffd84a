package holdfast.machine.migration.internal.channel;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Closes a channel unless it is closed itself in time, so that a thread that is blocked in it gets
 * free. Thread-safe.
 */
public final class Deadline implements AutoCloseable {
  private final Duration limit;
  private final String lateness;
  private final CountDownLatch end = new CountDownLatch(1);
  private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);

  private enum State {
    OPEN,
    MET,
    PASSED
  }

  private Deadline(Duration limit, String lateness) {
    this.limit = limit;
    this.lateness = lateness;
  }

  /**
   * Returns one that ends after a time from now.
   *
   * @param lateness what did not happen, such as {@code the receiver did not take the rest}
   */
  public static Deadline closing(Channel channel, Duration limit, String lateness) {
    Deadline deadline = new Deadline(limit, lateness);
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
  public void requireMet() throws IOException {
    close();
    if (state.get() == State.PASSED) {
      throw explained(new ClosedChannelException());
    }
  }

  /** Returns whether it is neither met nor has passed. */
  boolean isOpen() {
    return state.get() == State.OPEN;
  }

  /** Returns the exception to throw for one that was met: what it means if this has passed. */
  public IOException explained(IOException e) {
    return state.get() == State.PASSED
        ? new IOException(lateness + " within " + seconds() + " s", e)
        : e;
  }

  private String seconds() {
    return BigDecimal.valueOf(limit.toMillis(), 3).stripTrailingZeros().toPlainString();
  }

  @Override
  public void close() {
    state.compareAndSet(State.OPEN, State.MET);
    end.countDown();
  }
}
