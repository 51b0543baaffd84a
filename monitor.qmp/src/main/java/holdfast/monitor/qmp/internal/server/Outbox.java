package holdfast.monitor.qmp.internal.server;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What a client is to be told and has not read yet, in order. Answers wait for room, and with them
 * the client's next commands; events wait for nobody: a client that leaves too many of them unread
 * is given up.
 *
 * <p>Thread-safe.
 */
final class Outbox {
  /** More than any client leaves unread that reads at all. */
  static final int MAX_BYTES = 4 << 20;

  /** One message is always taken, however long it is. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Condition changed = lock.newCondition();
  private final Queue<byte[]> messages = new ArrayDeque<>();
  private long bytes;
  private boolean hearsEvents;
  private boolean closed;

  /**
   * Adds an answer, when there is room for it.
   *
   * @param withEvents whether events follow it; before, they are dropped
   * @return false if the client is gone
   */
  boolean answer(byte[] message, boolean withEvents) throws InterruptedException {
    lock.lock();
    try {
      while (!closed && bytes > 0 && bytes + message.length > MAX_BYTES) {
        changed.await();
      }
      // in one step, or an event would come too early, or be lost behind the answer
      hearsEvents |= withEvents;
      return add(message);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Adds an event at once, unless the client is gone or hears none yet.
   *
   * @return false if there is no room for it
   */
  boolean event(byte[] message) {
    lock.lock();
    try {
      boolean fits = closed || !hearsEvents || bytes == 0 || bytes + message.length <= MAX_BYTES;
      if (fits && hearsEvents) {
        add(message);
      }
      return fits;
    } finally {
      lock.unlock();
    }
  }

  private boolean add(byte[] message) {
    if (closed) {
      return false;
    }
    messages.add(message);
    bytes += message.length;
    changed.signalAll();
    return true;
  }

  /** Returns the next message, when there is one; null if there will be none. */
  byte @Nullable [] next() throws InterruptedException {
    lock.lock();
    try {
      while (messages.isEmpty() && !closed) {
        changed.await();
      }
      return messages.peek();
    } finally {
      lock.unlock();
    }
  }

  /** Takes out the message that {@link #next} returned, which the client has now. */
  void sent() {
    lock.lock();
    try {
      bytes -= messages.remove().length;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Takes nothing more; what is there is still sent. */
  void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
