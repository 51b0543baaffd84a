package holdfast.host.testkit;

import java.util.function.Predicate;

/**
 * A failure on command: which call fails, with which answer, and what it did before.
 *
 * @param victim says of a call that is about to be made whether it fails; asked once for each
 * @param errno the kernel's answer
 * @param harm what happens all the same
 */
public record Fault(Predicate<MadeCall> victim, int errno, Harm harm) {

  /** What a failing call does to the world before it fails. */
  public enum Harm {
    /** Nothing: the kernel refused before it touched anything. */
    NONE,

    /**
     * What the kernel has already taken away when it refuses: mmap(MAP_FIXED) has removed the
     * mapping that stood there (as ext4 does when it refuses MAP_SYNC), mremap(MREMAP_FIXED) too,
     * close(2) has given up the descriptor, ftruncate(2), munmap(2), unlink(2), and of the ioctl(2)
     * UFFDIO_WRITEPROTECT and PAGEMAP_SCAN have done all of their work. Other calls do nothing.
     *
     * <p>An access to a hole in a mapping ends the JVM: no thread may touch the memory meanwhile.
     */
    DONE
  }

  /** The {@code nth} call of a libc fails, counted from 1, whichever call it is. */
  public static Fault ofCall(int nth, int errno) {
    return new Fault(made -> made.number() == nth, errno, Harm.NONE);
  }

  /** Every call of {@code call} fails. */
  public static Fault ofEvery(SystemCall call, int errno) {
    return new Fault(made -> made.call() == call, errno, Harm.NONE);
  }

  /** The next call of {@code call} fails, and no other. */
  public static Fault ofNext(SystemCall call, int errno) {
    return ofNth(call, 1, errno);
  }

  /** The {@code nth} call of {@code call} from now on fails, counted from 1. */
  public static Fault ofNth(SystemCall call, int nth, int errno) {
    return new Fault(new Countdown(call, nth), errno, Harm.NONE);
  }

  /** Every mmap(2) whose flags hold all bits of {@code flags} fails. */
  public static Fault ofMmapWith(int flags, int errno) {
    return new Fault(
        made -> made.call() == SystemCall.MMAP && (made.mapFlags() & flags) == flags,
        errno,
        Harm.NONE);
  }

  /** The same, after the kernel has done {@code other}. */
  public Fault doing(Harm other) {
    return new Fault(victim, errno, other);
  }

  private static final class Countdown implements Predicate<MadeCall> {
    private final SystemCall call;
    private int left;

    Countdown(SystemCall call, int left) {
      this.call = call;
      this.left = left;
    }

    @Override
    public synchronized boolean test(MadeCall made) {
      return made.call() == call && --left == 0;
    }
  }
}
