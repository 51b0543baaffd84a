package holdfast.backend.mmap.internal;

import holdfast.backend.api.MappingException;
import holdfast.backend.api.NumaBinding;
import holdfast.backend.api.NumaBindingException;
import holdfast.backend.api.NumaPolicy;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import holdfast.host.linux.Remedy;
import holdfast.host.linux.Scene;
import holdfast.host.linux.Step;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Maps one backing: at an address of the kernel's choice, to try flags, or over a window. */
final class WindowMapper {
  private static final Logger LOG = LoggerFactory.getLogger(WindowMapper.class);
  private static final Duration HOLE_LIMIT = Duration.ofSeconds(1);

  private final Libc libc;
  private final KernelConstants k;
  private final RamBlockSpec spec;
  private final BackingStore store;

  WindowMapper(Libc libc, RamBlockSpec spec, BackingStore store) {
    this.libc = libc;
    this.k = libc.constants();
    this.spec = spec;
    this.store = store;
  }

  /** Returns the flags of an ordinary mapping of this backing, without MAP_FIXED. */
  int plainFlags() {
    int flags =
        spec.has(RamFlag.RAM_SHARED) ? KernelConstants.MAP_SHARED : KernelConstants.MAP_PRIVATE;
    if (store instanceof AnonymousStore) {
      flags |= k.mapAnonymous();
    }
    if (spec.has(RamFlag.RAM_NORESERVE)) {
      flags |= k.mapNoreserve();
    }
    return flags;
  }

  private int protection() {
    return spec.has(RamFlag.RAM_READONLY)
        ? KernelConstants.PROT_READ
        : KernelConstants.PROT_READ | KernelConstants.PROT_WRITE;
  }

  /** Finds out, at an address of the kernel's choice, whether the kernel accepts these flags. */
  void tryElsewhere(int flags) throws ErrnoException {
    unmap(mapElsewhere(flags));
  }

  /** Does the same, and returns what the kernel shows of the mapping. */
  VmFlags lookElsewhere(int flags) throws ErrnoException {
    long address = mapElsewhere(flags);
    VmFlags vmFlags = VmFlags.at(address);
    unmap(address);
    return vmFlags;
  }

  private long mapElsewhere(int flags) throws ErrnoException {
    return libc.mmap(0, spec.size().bytes(), protection(), flags, store.fd(), store.offset());
  }

  private void unmap(long address) {
    try {
      // SAFETY: the mapping was made here at an address of the kernel's choice, which nothing else
      // knows.
      libc.munmap(address, spec.size().bytes());
    } catch (ErrnoException e) {
      LOG.error("a scratch mapping of {} stays behind: {}", spec.backing(), e.getMessage());
    }
  }

  /**
   * Maps over the window with flags that {@link #tryElsewhere} found accepted. A refusal may leave
   * a hole there.
   */
  void place(Window window, int flags) throws ErrnoException {
    map(window, flags);
    window.adviseNewMapping();
  }

  /** Does the first half of {@link #place}: the mapping is there, and has no advice yet. */
  void map(Window window, int flags) throws ErrnoException {
    // SAFETY: the window's addresses are ours, and these flags were accepted for this file before.
    libc.mmap(
        window.address(),
        window.size(),
        protection(),
        flags | k.mapFixed(),
        store.fd(),
        store.offset());
  }

  /**
   * Moves the mapping in one window over another window, with everything that was stored into it.
   * The addresses that it leaves are free then. A refusal may leave a hole at the target.
   */
  void move(Window from, Window to) throws ErrnoException {
    // SAFETY: both windows' addresses are ours, and those that the mapping leaves are known only to
    // the caller.
    Userfaultfd.Move move =
        () -> libc.mremap(from.address(), from.size(), KernelConstants.MREMAP_FIXED, to.address());
    PageTracking tracking = from.tracking;
    if (tracking == null) {
      move.make();
    } else {
      tracking.whileItsPagesMove(move);
    }
  }

  /**
   * Moves a mapping to where a live window has a hole, and nowhere else. Tries again for a while,
   * since an access to a hole ends the JVM.
   *
   * @return whether there was a hole, and the mapping is in it now
   */
  boolean moveIntoHole(Window from, Window to) {
    long limit = System.nanoTime() + HOLE_LIMIT.toNanos();
    boolean reserved = false;
    while (true) {
      try {
        if (!reserved && !reserveHole(to)) {
          return false;
        }
        reserved = true;
        move(from, to);
        return true;
      } catch (ErrnoException e) {
        if (System.nanoTime() > limit) {
          logHole(to, e);
          return false;
        }
        LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
      }
    }
  }

  /** Reserves a hole against other mappings; returns false if there is none. */
  private boolean reserveHole(Window window) throws ErrnoException {
    int flags = KernelConstants.MAP_PRIVATE | k.mapAnonymous() | k.mapFixedNoreplace();
    try {
      // SAFETY: NOREPLACE maps only into the hole, if there is one.
      long mapped =
          libc.mmap(window.address(), window.size(), KernelConstants.PROT_NONE, flags, -1, 0);
      if (mapped == window.address()) {
        return true;
      }
      unmap(mapped); // a kernel before 4.17 treats the address as a hint
      return false;
    } catch (ErrnoException e) {
      if (e.is(Errno.EEXIST)) {
        return false; // there was no hole
      }
      throw e;
    }
  }

  private void logHole(Window window, ErrnoException e) {
    LOG.error(
        "memory backend '{}' on {}: nothing is mapped at 0x{} any more, and the next access ends the"
            + " process: {}",
        spec.id(),
        spec.backing(),
        Long.toHexString(window.address()),
        e.getMessage());
  }

  /** Returns the exception for a refusal of these flags. */
  MappingException refused(int flags, ErrnoException e) {
    return new MappingException(
        spec,
        "mmap(" + k.mapFlagNames(flags) + ")",
        e.errno().toString(),
        Remedy.of(Step.MAP, e, Scene.ofFile(libc, new BlockRequest(spec), store.fd())));
  }

  /** Returns the exception for a refusal by {@link #move}. */
  MappingException refusedToMove(ErrnoException e) {
    return new MappingException(
        spec,
        "mremap(MREMAP_MAYMOVE|MREMAP_FIXED)",
        e.errno().toString(),
        Remedy.of(Step.MOVE, e, Scene.ofFile(libc, new BlockRequest(spec), store.fd())));
  }

  /** Returns the exception for a refusal of these flags by {@link #place}. */
  MappingException refusedInPlace(int flags, ErrnoException e) {
    return refused(flags | k.mapFixed(), e);
  }

  /**
   * Maps plainly where a live window has a hole, and nowhere else. Tries again for a while, since
   * an access to a hole ends the JVM.
   *
   * @return whether there was a hole, and this backing is in it now
   */
  boolean fillHole(Window window) {
    int flags = plainFlags() | k.mapFixedNoreplace();
    long limit = System.nanoTime() + HOLE_LIMIT.toNanos();
    while (true) {
      try {
        // SAFETY: NOREPLACE maps only into the hole, if there is one; the flags are those of a
        // plain mapping of this very file, which the kernel accepts for every file.
        long mapped =
            libc.mmap(
                window.address(), window.size(), protection(), flags, store.fd(), store.offset());
        if (mapped != window.address()) {
          unmap(mapped); // a kernel before 4.17 treats the address as a hint
          return false;
        }
        window.adviseNewMapping();
        bindAgain(window);
        return true;
      } catch (ErrnoException e) {
        if (e.is(Errno.EEXIST)) {
          return false; // there was no hole
        }
        if (System.nanoTime() > limit) {
          logHole(window, e);
          return false;
        }
        LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
      }
    }
  }

  /** Binds the pages to their NUMA nodes, before any of them is made present. */
  void bind(Window window) throws NumaBindingException {
    NumaBinding numa = spec.numa();
    if (numa.policy() == NumaPolicy.DEFAULT) {
      return;
    }
    try {
      mbind(window, numa);
    } catch (ErrnoException e) {
      throw new NumaBindingException(
          spec,
          e.errno().toString(),
          Remedy.of(Step.BIND, e, Scene.ofFile(libc, new BlockRequest(spec), store.fd())));
    }
  }

  /** Binds memory that was bound before, and continues if that fails. */
  void bindAgain(Window window) {
    try {
      bind(window);
    } catch (NumaBindingException e) {
      LOG.warn("{}; it was re-mapped all the same", e.getMessage());
    }
  }

  private void mbind(Window window, NumaBinding numa) throws ErrnoException {
    int strict = KernelConstants.MPOL_MF_STRICT | KernelConstants.MPOL_MF_MOVE;
    int mode =
        switch (numa.policy()) {
          case DEFAULT, PREFERRED -> KernelConstants.MPOL_PREFERRED_MANY;
          case BIND -> KernelConstants.MPOL_BIND;
          case INTERLEAVE -> KernelConstants.MPOL_INTERLEAVE;
        };
    try {
      libc.mbind(window.address(), window.size(), mode, numa.hostNodes(), strict);
    } catch (ErrnoException e) {
      if (mode != KernelConstants.MPOL_PREFERRED_MANY || !e.is(Errno.EINVAL)) {
        throw e;
      }
      // a kernel before 5.15, or a node that it doesn't have: this call finds out which
      int one = KernelConstants.MPOL_PREFERRED;
      libc.mbind(window.address(), window.size(), one, numa.hostNodes(), strict);
    }
  }
}
