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
 * All calls that can tell of a failure to write back one open file, and what they told. It belongs
 * to the open file, not to a mapping of it: it passes from block to block with its {@link
 * BackingStore}.
 *
 * <p>Linux keeps such failures as a counter in the file and a mark in each open file description
 * (errseq_t, since 4.13). Whichever of msync(2), fsync(2) and sync_file_range(2) comes first after
 * a failure gets the error and moves the mark; all mappings of one descriptor share it; and the
 * pages count as clean from then on. So of several threads one hears, and the next call of each
 * other one returns 0 although its bytes are lost. Therefore:
 *
 * <ul>
 *   <li>What any call was told is kept for good, and every later one is refused.
 *   <li>A call that went well counts only when each call that was under way at its end has ended,
 *       and none was told anything: the error that belongs to this one may have been handed to
 *       another, which has not come back yet. Calls that begin later come too late to have taken it
 *       away, so that nobody waits for ever. Alone, a call waits for nothing; with others it lasts
 *       no longer than the slowest of those that run at the same time. Where that one hangs with
 *       its disk, so does this: nobody knows what became of the bytes.
 * </ul>
 *
 * <p>A descriptor of our own beside the mapped one has a mark of its own, and could be asked after
 * each msync(2) instead of waiting. But it is not told what a call gets that isn't kept in the
 * file, such as a failure to flush the disk's cache or to commit the journal, nor of anything on
 * overlayfs, whose files have two caches.
 *
 * <p>Every errno is a loss but EINTR: what is kept is the disk's own answer, which can be any
 * (ETIMEDOUT, ENODATA, EDQUOT, even ENOMEM).
 *
 * <p>Thread-safe.
 */
final class WriteBacks {
  /** Behind the end of every file: there is nothing to wait for, and the mark is looked at. */
  private static final long NOWHERE = 1L << 62;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition oneEnded = lock.newCondition();

  /** The numbers of those under way, the first to begin first. Guarded by {@link #lock}. */
  private final Set<Long> underWay = new LinkedHashSet<>();

  /** How many have begun. Guarded by {@link #lock}. */
  private long begun;

  private volatile @Nullable WriteBackFailure failure;

  /** A system call that can tell of a failure to write back. */
  interface Call {
    /** Makes it. */
    void make() throws ErrnoException;
  }

  /** What was told first, if anything ever was. */
  Optional<WriteBackFailure> failure() {
    return Optional.ofNullable(failure);
  }

  /**
   * Makes such a call, again if a signal interrupts it, and waits for those that overlap it.
   *
   * @return what another call was told before this returns: then this one doesn't count, though it
   *     went well itself; empty if none was told anything
   * @throws ErrnoException what this call was told; it is kept
   */
  Optional<WriteBackFailure> make(Call call) throws ErrnoException {
    long mine = begin();
    try {
      makeUninterrupted(call);
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
   * Asks the kernel for a failure that nobody was told of yet, and keeps it. This costs a system
   * call, which neither writes nor waits for the disk. On overlayfs nothing is learned from it.
   */
  Optional<WriteBackFailure> look(Libc libc, int fd) {
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

  /** Whether the question is not known there, or forbidden by a filter on system calls. */
  private static boolean isNoAnswer(ErrnoException e) {
    return e.is(Errno.ENOSYS) || e.is(Errno.EINVAL) || e.is(Errno.EPERM);
  }

  /** Keeps what a call was told that nobody waits for, such as close(2). */
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

  /** After what it was told is kept. */
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
