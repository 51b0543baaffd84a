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

  /**
   * Held while its configuration is read or written, so that own changes can be distinguished from
   * others.
   */
  private final Object wishLock = new Object();

  /**
   * The content of its configuration at the last look, or when it was written here; null if
   * deleted.
   */
  private @Nullable Wish seen;

  /**
   * Whether a swap has ended that is not stored in its configuration, because another source
   * changed that.
   */
  private volatile boolean owes;

  /** Whether its configuration at the last look can't be followed. */
  private volatile boolean mistaken;

  /**
   * @param wish the content of its configuration when the backend was opened
   */
  ConfiguredBackend(Backend backend, Wish wish) {
    this.backend = backend;
    this.pid = wish.pid();
    this.seen = wish;
  }

  /** Returns the memory backend. */
  public Backend backend() {
    return backend;
  }

  /** Returns the PID of its configuration. */
  public String pid() {
    return pid;
  }

  /** Returns the lock that is held while its configuration is read or written. */
  Object wishLock() {
    return wishLock;
  }

  /** Returns the content of its configuration at the last look; the caller holds the lock. */
  @Nullable Wish seen() {
    return seen;
  }

  /** Returns the content of its configuration at the last look. */
  @Nullable Wish lastSeen() {
    synchronized (wishLock) {
      return seen;
    }
  }

  /**
   * Records the content of its configuration after a look or a write; the caller holds the lock.
   */
  void see(@Nullable Wish wish) {
    seen = wish;
  }

  /** Forgets the last look, because it could not be acted upon: the next look finds a change. */
  void forget() {
    synchronized (wishLock) {
      seen = null;
    }
  }

  /** Records that it has another configuration from now on; the caller holds the lock. */
  void configuredBy(String next, @Nullable Wish wish) {
    pid = next;
    seen = wish;
  }

  /**
   * Records whether the configuration can't be followed.
   *
   * @return whether it could not be followed before
   */
  boolean mistaken(boolean now) {
    boolean before = mistaken;
    mistaken = now;
    return before;
  }

  /** Returns whether its configuration still has to be changed to what is in force. */
  boolean owes() {
    return owes;
  }

  /** Records that its configuration says what is in force, or soon will be. */
  void owesNothing() {
    owes = false;
  }

  /**
   * Stores the outcome of a swap in the configuration, unless another source has changed that in
   * the meantime: then the change is looked at next, and replaced if it can't be made.
   */
  public void record(SwapRecorder.Outcome outcome, Configurations stored) {
    if (outcome.done() || outcome.configured() || !stored.isAsSeen(this)) {
      // rolled back: otherwise the next start would look for the bytes in the wrong place
      owes = !stored.settle(this);
    }
    if (outcome.last()) {
      restoreIfOwed(stored); // there will be no further look
    }
  }

  /**
   * Replaces a configuration that was changed during a swap and can't be followed by what is in
   * force.
   */
  void restoreIfOwed(Configurations stored) {
    if (owes) {
      owes = false;
      stored.restore(this);
    }
  }
}
