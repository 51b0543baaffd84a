package holdfast.backend.mmap.internal;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.MemoryAdvice;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.StampedLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A range of host addresses that outlives every block mapped into it, followed by one inaccessible
 * guard page. The owner of the window owns its addresses: only the owner maps over them.
 *
 * <p>There are two locks, always taken in this order: {@link #structure}, held by a thread that
 * exchanges or closes what is in the window, for as long as that takes; {@link #persists}, held in
 * shared mode by each persist, and exclusively for the moment in which the next block takes over.
 */
public final class Window {
  private static final Logger LOG = LoggerFactory.getLogger(Window.class);

  /**
   * What a whole table of the last level but one covers on x86 and arm64. A window that begins at
   * such a boundary is moved table by table, and not by the tables below: see {@link
   * FormerMapping}.
   */
  static final long TABLES = 1L << 30;

  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);

  private final Libc libc;
  private final long address;
  private final long size;
  private final long guard;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment segment;

  /** Whether the addresses, except the guard page, may belong to another mapping by now. */
  private boolean lost;

  final ReentrantLock structure = new ReentrantLock();
  final StampedLock persists = new StampedLock();

  /**
   * The block in the window: null before the first one and after the end. Changed under both locks,
   * read under either.
   */
  volatile @Nullable MappedRamBlock current;

  /** The tracking of the pages here, at most one. Guarded by {@link #structure}. */
  @Nullable PageTracking tracking;

  /** The advice to the kernel about every mapping made here. */
  private volatile MemoryAdvice advice;

  private Window(
      Libc libc, long address, long size, long guard, boolean readOnly, MemoryAdvice advice) {
    this.libc = libc;
    this.address = address;
    this.size = size;
    this.guard = guard;
    this.advice = advice;
    // SAFETY: the segment is handed out only once a block is mapped over all of it (BlockMapper);
    // mappings there are only ever replaced, and the arena is closed before they are unmapped.
    MemorySegment all = MemorySegment.ofAddress(address).reinterpret(size, arena, null);
    this.segment = readOnly ? all.asReadOnly() : all;
  }

  /**
   * Reserves a window without access to it.
   *
   * @param size bytes, a multiple of the host's page size
   * @param align at least the host's page size
   * @param readOnly whether stores through the segment are refused, since they would end the JVM
   * @param advice the advice to the kernel about every mapping made here
   * @throws ErrnoException if there is no room; nothing is left behind
   */
  static Window reserve(
      Libc libc, long size, Alignment align, boolean readOnly, MemoryAdvice advice)
      throws ErrnoException {
    if (size >= TABLES && align.bytes() < TABLES) {
      try {
        return reserveAligned(libc, size, new Alignment(TABLES), readOnly, advice);
      } catch (ErrnoException noRoom) {
        LOG.debug("a window of 0x{} bytes is not aligned to its page tables", size);
      }
    }
    return reserveAligned(libc, size, align, readOnly, advice);
  }

  private static Window reserveAligned(
      Libc libc, long size, Alignment align, boolean readOnly, MemoryAdvice advice)
      throws ErrnoException {
    long guard = libc.getpagesize();
    long total;
    try {
      total = Math.addExact(size, Math.max(align.bytes(), guard));
    } catch (ArithmeticException e) {
      throw new ErrnoException("mmap", new Errno(Errno.ENOMEM, "Cannot allocate memory"));
    }
    KernelConstants k = libc.constants();
    int flags = KernelConstants.MAP_PRIVATE | k.mapAnonymous();
    long reserved = libc.mmap(0, total, KernelConstants.PROT_NONE, flags, -1, 0);
    long address = align.roundUp(reserved);
    long ours = reserved;
    try {
      // SAFETY: head and tail belong to the reservation made above, which nothing else knows of.
      if (address > reserved) {
        libc.munmap(reserved, address - reserved);
        ours = address;
      }
      long end = address + size + guard;
      if (reserved + total > end) {
        libc.munmap(end, reserved + total - end);
      }
    } catch (ErrnoException e) {
      releaseQuietly(libc, ours, reserved + total - ours);
      throw e;
    }
    return new Window(libc, address, size, guard, readOnly, advice);
  }

  /** Returns the first address. */
  long address() {
    return address;
  }

  /** Returns the size in bytes, without the guard page. */
  long size() {
    return size;
  }

  /** Returns the window's bytes. Only for a window that is mapped. */
  MemorySegment segment() {
    return segment;
  }

  /** Returns the advice to the kernel about every mapping made here. */
  MemoryAdvice advice() {
    return advice;
  }

  /**
   * Gives a new mapping its advice: child processes don't inherit it, it may have huge pages, and
   * {@link #advice} applies where it differs from the kernel's defaults.
   */
  void adviseNewMapping() {
    madvise(KernelConstants.MADV_DONTFORK);
    madvise(libc.constants().madvHugepage());
    MemoryAdvice now = advice;
    if (now.merge()) {
      madvise(libc.constants().madvMergeable());
    }
    if (!now.dump()) {
      madvise(libc.constants().madvDontdump());
    }
  }

  /** Changes the advice for the present mapping and every later one. */
  void advise(MemoryAdvice next) {
    MemoryAdvice before = advice;
    advice = next;
    if (next.merge() != before.merge()) {
      madvise(next.merge() ? libc.constants().madvMergeable() : libc.constants().madvUnmergeable());
    }
    if (next.dump() != before.dump()) {
      madvise(next.dump() ? libc.constants().madvDodump() : libc.constants().madvDontdump());
    }
  }

  /**
   * Tells the kernel neither to read ahead at faults in the present mapping nor to use huge pages,
   * so that the file's pages are cached one by one. Of a page that is cached as a part of a larger
   * piece (a large folio) the whole piece counts as stored into and is written back.
   */
  void expectRandomStores() {
    madvise(libc.constants().madvNohugepage());
    madvise(KernelConstants.MADV_RANDOM);
  }

  /**
   * Takes back the advice that would make it slow to move the present mapping: of one whose pages
   * may be merged, mremap(2) looks at every page while all accesses wait.
   */
  void expectMove() {
    if (advice.merge()) {
      madvise(libc.constants().madvUnmergeable());
    }
  }

  /** Gives a mapping that was moved here the advice that {@link #expectMove} took back. */
  void adviseMovedMapping() {
    if (advice.merge()) {
      madvise(libc.constants().madvMergeable());
    }
  }

  /** Sets the advice for the next mapping made here; that of the present one stays. */
  void expect(MemoryAdvice next) {
    advice = next;
  }

  private void madvise(int advice) {
    try {
      libc.madvise(address, size, advice);
    } catch (ErrnoException e) {
      LOG.info("madvise({}) at 0x{}: {}", advice, Long.toHexString(address), e.errno());
    }
  }

  /**
   * Reserves the window again after a refused MAP_FIXED, before the window was handed out: closes
   * the hole that it may have left. If another thread's mapping has got into the hole, those
   * addresses are no longer ours.
   */
  void reserveAgain() {
    KernelConstants k = libc.constants();
    int flags = KernelConstants.MAP_PRIVATE | k.mapAnonymous() | k.mapFixedNoreplace();
    try {
      // SAFETY: NOREPLACE maps only where nothing is, so it touches neither the reservation, if
      // that is still there, nor another mapping that was made in the hole.
      long mapped = libc.mmap(address, size, KernelConstants.PROT_NONE, flags, -1, 0);
      if (mapped != address) {
        releaseQuietly(libc, mapped, size); // a kernel before 4.17 treats the address as a hint
        lost = !Reservation.covers(address, address + size);
      }
    } catch (ErrnoException e) {
      lost = !Reservation.covers(address, address + size);
      LOG.debug("window at 0x{}: {}", Long.toHexString(address), e.getMessage());
    }
  }

  /** Releases a window whose segment was never handed out. */
  void abandon() {
    arena.close();
    if (lost) {
      releaseQuietly(libc, address + size, guard);
    } else {
      releaseQuietly(libc, address, size + guard);
    }
  }

  /**
   * Closes the window: waits for running accesses, makes later ones throw, unmaps. The caller holds
   * both locks.
   *
   * @param discardData whether the content is discarded first
   * @return false if native code used the segment for too long: then the memory stays mapped, since
   *     unmapping it would end the JVM
   */
  boolean close(boolean discardData) {
    if (!endAccess()) {
      return false;
    }
    if (discardData) {
      madvise(KernelConstants.MADV_REMOVE);
    }
    releaseQuietly(libc, address, size + guard);
    return true;
  }

  /**
   * Closes a window whose mapping was moved into another one, so that its addresses, except the
   * guard page, may belong to another mapping by now. The caller holds both locks.
   */
  void closeMoved() {
    endAccess();
    releaseQuietly(libc, address + size, guard);
  }

  private boolean endAccess() {
    long limit = System.nanoTime() + CLOSE_LIMIT.toNanos();
    while (true) {
      try {
        arena.close();
        return true;
      } catch (IllegalStateException inUse) {
        if (System.nanoTime() > limit) {
          LOG.error(
              "the memory at 0x{} stays mapped: native code still uses it after {} s",
              Long.toHexString(address),
              CLOSE_LIMIT.toSeconds());
          return false;
        }
        LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
      }
    }
  }

  private static void releaseQuietly(Libc libc, long address, long length) {
    try {
      // SAFETY: the caller owns the range, and no segment over it is alive.
      libc.munmap(address, length);
    } catch (ErrnoException e) {
      LOG.error(
          "0x{} bytes at 0x{} stay mapped: {}",
          Long.toHexString(length),
          Long.toHexString(address),
          e.getMessage());
    }
  }
}
