package holdfast.launcher.internal.machine;

import holdfast.machine.core.Backend;
import holdfast.machine.swap.SwapRecorder;
import org.jspecify.annotations.Nullable;

/**
 * A memory backend of the machine that is up, and the configuration that declared it. Thread-safe.
 */
public final class ConfiguredBackend {
  private final Backend backend;
  private volatile String pid;

  /** Held while its configuration is read or written, so that one is known from the other. */
  private final Object wishLock = new Object();

  /** What its configuration said at the last look, or when it was written here; null if gone. */
  private @Nullable Wish seen;

  /** Whether a swap has ended that its configuration doesn't tell of, since somebody changed it. */
  private volatile boolean owes;

  /** Whether its configuration said at the last look what can't be followed. */
  private volatile boolean mistaken;

  /**
   * @param wish what its configuration said when the backend was opened
   */
  ConfiguredBackend(Backend backend, Wish wish) {
    this.backend = backend;
    this.pid = wish.pid();
    this.seen = wish;
  }

  /** What was declared. */
  public Backend backend() {
    return backend;
  }

  /** The PID of its configuration. */
  public String pid() {
    return pid;
  }

  /** Held while its configuration is read or written. */
  Object wishLock() {
    return wishLock;
  }

  /** What its configuration said at the last look; the caller has the lock. */
  @Nullable Wish seen() {
    return seen;
  }

  /** Its configuration was looked at, or written; the caller has the lock. */
  void see(@Nullable Wish wish) {
    seen = wish;
  }

  /** What was seen could not be acted upon: the next look finds it new. */
  void forget() {
    synchronized (wishLock) {
      seen = null;
    }
  }

  /** Its configuration is another one from now on; the caller has the lock. */
  void configuredBy(String next, @Nullable Wish wish) {
    pid = next;
    seen = wish;
  }

  /**
   * Notes whether the configuration can't be followed.
   *
   * @return whether it could not before
   */
  boolean mistaken(boolean now) {
    boolean before = mistaken;
    mistaken = now;
    return before;
  }

  /** Whether its configuration has to come to say what is in force. */
  boolean owes() {
    return owes;
  }

  /** It says what is in force, or what is about to be. */
  void owesNothing() {
    owes = false;
  }

  /**
   * A swap has ended. The configuration comes to say what is in force, unless somebody has changed
   * it meanwhile: that is looked at next, and replaced if it can't be done.
   */
  public void record(SwapRecorder.Outcome outcome, Configurations stored) {
    if (outcome.done() || outcome.configured() || !stored.isAsSeen(this)) {
      // rolled back: else the next start would look for bytes where they never came
      owes = !stored.settle(this);
    }
    if (outcome.last()) {
      restoreIfOwed(stored); // nobody will look at it any more
    }
  }

  /** What somebody had written there during a swap can't be done. */
  void restoreIfOwed(Configurations stored) {
    if (owes) {
      owes = false;
      stored.restore(this);
    }
  }
}
