package holdfast.machine.copy;

import holdfast.backend.api.ByteSize;
import java.util.function.Supplier;

/** Holds a transfer to so many bytes a second. Used by one thread. */
public final class Throttle {
  private final Supplier<ByteSize> bandwidth;
  private final Cancellation cancellation;

  /** The time that the transfer has waited, in ns. */
  private long waited;

  /**
   * @param bandwidth bytes a second; {@link ByteSize#ZERO} for no limit
   * @param cancellation ends a wait early
   */
  public Throttle(ByteSize bandwidth, Cancellation cancellation) {
    this(() -> bandwidth, cancellation);
  }

  /**
   * @param bandwidth returns how many bytes a second may be transferred now; {@link ByteSize#ZERO}
   *     for no limit
   * @param cancellation ends a wait early
   */
  public Throttle(Supplier<ByteSize> bandwidth, Cancellation cancellation) {
    this.bandwidth = bandwidth;
    this.cancellation = cancellation;
  }

  /**
   * Waits until the next portion may be transferred, or the work is cancelled.
   *
   * @param bytes what was just transferred
   * @param nanos how long that took
   */
  public void after(long bytes, long nanos) throws GivenUpException {
    long most = bandwidth.get().bytes();
    if (most > 0) {
      long before = System.nanoTime();
      cancellation.await((long) (bytes * 1e9 / most) - nanos);
      waited += System.nanoTime() - before;
    }
  }

  /** Returns how long the transfer has waited so far, in ns. */
  public long waited() {
    return waited;
  }
}
