package holdfast.host.testkit;

import java.util.function.Predicate;

/**
 * A failure on command: which call fails, with which errno, and what it does nevertheless.
 *
 * @param victim decides for a call that is about to be made whether it fails; asked once for each
 * @param errno the kernel's answer
 * @param harm what the call does nevertheless
 */
public record Fault(Predicate<RecordedCall> victim, int errno, Harm harm) {

  /** The effect of a failing call before it fails. */
  public enum Harm {
    /** None: the kernel refused before it touched anything. */
    NONE,

    /**
     * The kernel has already acted when it refuses: mmap(MAP_FIXED) has removed the mapping that
     * was there (as ext4 does when it refuses MAP_SYNC), mremap(MREMAP_FIXED) too, close(2) has
     * released the descriptor, and ftruncate(2), munmap(2), unlink(2) and the ioctl(2) requests
     * UFFDIO_WRITEPROTECT and PAGEMAP_SCAN have done all of their work. Other calls do nothing.
     *
     * <p>An access to a hole in a mapping ends the JVM: no thread may touch the memory meanwhile.
     */
    DONE
  }

  /** Makes the {@code nth} call of a libc fail, counted from 1, whichever call it is. */
  public static Fault ofCall(int nth, int errno) {
    return new Fault(made -> made.number() == nth, errno, Harm.NONE);
  }

  /** Makes every call of {@code call} fail. */
  public static Fault ofEvery(SystemCall call, int errno) {
    return new Fault(made -> made.call() == call, errno, Harm.NONE);
  }

  /** Makes only the next call of {@code call} fail. */
  public static Fault ofNext(SystemCall call, int errno) {
    return ofNth(call, 1, errno);
  }

  /** Makes the {@code nth} call of {@code call} from now on fail, counted from 1. */
  public static Fault ofNth(SystemCall call, int nth, int errno) {
    return new Fault(new Countdown(call, nth), errno, Harm.NONE);
  }

  /** Makes every mmap(2) fail whose flags include all bits of {@code flags}. */
  public static Fault ofMmapWith(int flags, int errno) {
    return new Fault(
        made -> made.call() == SystemCall.MMAP && (made.mapFlags() & flags) == flags,
        errno,
        Harm.NONE);
  }

  /** Returns this fault with another effect. */
  public Fault doing(Harm other) {
    return new Fault(victim, errno, other);
  }

  private static final class Countdown implements Predicate<RecordedCall> {
    private final SystemCall call;
    private int left;

    Countdown(SystemCall call, int left) {
      this.call = call;
      this.left = left;
    }

    @Override
    public synchronized boolean test(RecordedCall made) {
      return made.call() == call && --left == 0;
    }
  }
}
