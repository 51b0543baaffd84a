package holdfast.machine.core;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The turns of those who change a machine's memory backends or devices: one at a time, each waits
 * for the others, but not for ever; and none while the machine is frozen. Thread-safe.
 */
final class Changes {
  /** How long to wait while another caller changes the machine. */
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(Changes.class);

  private final BooleanSupplier ended;
  private final ReentrantLock turn = new ReentrantLock();

  /** Why nothing may be changed; null if it may. Written by who has the turn. */
  private volatile @Nullable String frozen;

  /**
   * @param ended tells whether the machine has ended, so that nothing is changed any more
   */
  Changes(BooleanSupplier ended) {
    this.ended = ended;
  }

  /**
   * Waits for the turn; {@link #leave} ends it.
   *
   * @throws MachineException if the others don't end in time, the machine is frozen, or has ended
   */
  void enter() throws MachineException {
    await();
    String reason = frozen;
    if (ended.getAsBoolean()) {
      leave();
      throw new MachineEndedException();
    }
    if (reason != null) {
      leave();
      throw new MachineBusyException(reason);
    }
  }

  private void await() throws MachineException {
    try {
      if (!turn.tryLock(LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new MachineBusyException(
            "another change of the machine's memory backends or devices is under way and does not"
                + " end: look at the log, and try again");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MachineBusyException("the caller was interrupted while it waited for its turn");
    }
  }

  void leave() {
    turn.unlock();
  }

  /**
   * Lets nobody have a turn until {@link #thaw}.
   *
   * @param reason what is told to who asks for one, as a sentence
   * @throws MachineException as for {@link #enter}
   */
  void freeze(String reason) throws MachineException {
    enter();
    frozen = reason;
    leave();
  }

  /** Ends what {@link #freeze} began. */
  void thaw() {
    frozen = null;
  }

  /** Waits for the end of a change that is under way, after the machine's end has begun. */
  void awaitEnd() {
    try {
      if (turn.tryLock(LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
        turn.unlock();
      } else {
        LOG.error("a change of the machine's memory backends or devices does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
