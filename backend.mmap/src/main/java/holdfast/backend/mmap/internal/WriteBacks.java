package holdfast.backend.mmap.internal;

import holdfast.backend.api.WriteBackFailure;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Makes every system call that can tell that an open file could not be written back, and keeps what
 * it told. This state belongs to the open file, not to a mapping of it: it passes from block to
 * block with its {@link BackingStore}.
 *
 * <p>Linux keeps such failures as a counter in the file and a mark in each open file description
 * (errseq_t, since 4.13). The first of msync(2), fsync(2) and sync_file_range(2) after a failure
 * gets the error and moves the mark; all mappings of one descriptor share it; and the pages count
 * as clean from then on. So of several threads only one gets the error, and the next call of every
 * other one returns 0 although its bytes are lost. Therefore:
 *
 * <ul>
 *   <li>A failure that any call reports is kept for good, and every later call is refused.
 *   <li>A call that succeeds counts only once every call still running at that moment has succeeded
 *       too: the error that belongs to this call may have been handed to another one that has not
 *       returned yet. Calls that begin later can't have taken it, so no call waits for ever. A
 *       single call waits for nothing; concurrent calls last no longer than the slowest of them. If
 *       that one hangs with its disk, so do the others, since the outcome for their bytes is
 *       unknown.
 * </ul>
 *
 * <p>A second descriptor besides the mapped one would have its own mark, and could be asked after
 * each msync(2) instead of waiting. But it would miss errors that the kernel tells one call and
 * does not keep in the file, such as a failure to flush the disk's cache or to commit the journal,
 * nor any error on overlayfs, whose files have two caches.
 *
 * <p>Every errno of a write-back but EINTR is a loss: the disk's own answer is kept, which can be
 * any (ETIMEDOUT, ENODATA, EDQUOT, even ENOMEM).
 *
 * <p>A descriptor that went to another process is the same open file description there, with the
 * same mark: while that process is to hear of failures, none of these calls is made here ({@link
 * #lend}).
 *
 * <p>Thread-safe.
 */
final class WriteBacks {
  /** Beyond the end of every file: there is nothing to wait for, but the mark is checked. */
  private static final long NOWHERE = 1L << 62;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition oneEnded = lock.newCondition();

  /**
   * The numbers of the running calls, in the order of their beginning. Guarded by {@link #lock}.
   */
  private final Set<Long> underWay = new LinkedHashSet<>();

  /** How many calls have begun. Guarded by {@link #lock}. */
  private long begun;

  private volatile @Nullable WriteBackFailure failure;

  private volatile boolean lent;

  /** A system call that can report a failure to write back. */
  interface Call {
    /** Makes the call. */
    void make() throws ErrnoException;
  }

  /** Returns the first reported failure, if there was any. */
  Optional<WriteBackFailure> failure() {
    return Optional.ofNullable(failure);
  }

  /**
   * Makes such a call, again if a signal interrupts it, and waits for those that overlap it.
   *
   * @return a failure that another call reported before this returns: then this call doesn't count,
   *     though it succeeded itself; empty if there was none
   * @throws ErrnoException the failure that this call reported; it is kept
   */
  Optional<WriteBackFailure> make(Call call) throws ErrnoException {
    long mine = begin();
    try {
      if (!lent) { // looked at behind the beginning, which lend() waits for
        makeUninterrupted(call);
      }
    } catch (ErrnoException e) {
      keep(e);
      throw e;
    } finally {
      end(mine);
    }
    return awaitThoseUnderWay();
  }

  private static void makeUninterrupted(Call call) throws ErrnoException {
    while (true) {
      try {
        call.make();
        return;
      } catch (ErrnoException e) {
        if (!e.is(Errno.EINTR)) {
          throw e;
        }
      }
    }
  }

  /**
   * Asks the kernel for a failure that was not reported yet, and keeps it. This costs a system
   * call, which neither writes nor waits for the disk. On overlayfs it finds nothing.
   */
  Optional<WriteBackFailure> look(Libc libc, int fd) {
    return lent ? failure() : ask(libc, fd);
  }

  /** Makes no more of these calls, until {@link #takeBack}. */
  void lend() {
    lent = true;
  }

  /**
   * Makes no more of these calls, until {@link #takeBack}, when those under way have ended, and the
   * kernel was asked once more.
   */
  void lend(Libc libc, int fd) {
    lent = true;
    awaitThoseUnderWay();
    ask(libc, fd);
  }

  /** Makes such calls again. */
  void takeBack() {
    lent = false;
  }

  /** Returns whether such calls are another process's to make. */
  boolean isLent() {
    return lent;
  }

  private Optional<WriteBackFailure> ask(Libc libc, int fd) {
    long mine = begin();
    try {
      makeUninterrupted(
          () -> libc.syncFileRange(fd, NOWHERE, 1, KernelConstants.SYNC_FILE_RANGE_WAIT_BEFORE));
    } catch (ErrnoException e) {
      if (!isNoAnswer(e)) {
        keep(e);
      }
    } finally {
      end(mine);
    }
    return failure();
  }

  /** Returns whether the system call is unknown, or forbidden by a filter on system calls. */
  static boolean isNoAnswer(ErrnoException e) {
    return e.is(Errno.ENOSYS) || e.is(Errno.EINVAL) || e.is(Errno.EPERM);
  }

  /** Keeps the failure of a call that no thread waits for, such as close(2). */
  void keep(ErrnoException told) {
    lock.lock();
    try {
      if (failure == null) {
        failure = new WriteBackFailure(told.call(), told.errno().toString(), Instant.now());
      }
    } finally {
      lock.unlock();
    }
  }

  private long begin() {
    lock.lock();
    try {
      long number = begun++;
      underWay.add(number);
      return number;
    } finally {
      lock.unlock();
    }
  }

  /** Ends a call, after its failure is kept. */
  private void end(long number) {
    lock.lock();
    try {
      underWay.remove(number);
      oneEnded.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private Optional<WriteBackFailure> awaitThoseUnderWay() {
    lock.lock();
    try {
      long later = begun;
      while (failure == null && !underWay.isEmpty() && underWay.iterator().next() < later) {
        oneEnded.awaitUninterruptibly();
      }
      return failure();
    } finally {
      lock.unlock();
    }
  }
}
