package holdfast.backend.mmap.internal;

import holdfast.backend.api.BackingKindException;
import holdfast.backend.api.DurabilityException;
import holdfast.backend.api.DurabilityPolicy;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.MappingException;
import holdfast.backend.api.NumaBinding;
import holdfast.backend.api.NumaBindingException;
import holdfast.backend.api.NumaPolicy;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.backend.api.ReservationException;
import holdfast.backend.mmap.Errno;
import holdfast.backend.mmap.ErrnoException;
import holdfast.backend.mmap.KernelConstants;
import holdfast.backend.mmap.Libc;
import holdfast.backend.mmap.MappingStyle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One block on its way into a window, for the first time or again.
 *
 * <p>mmap(MAP_FIXED) is never asked a question: a refused one may have removed what stood there.
 * Flags that the kernel may not take are tried on a scratch address of the kernel's choice first,
 * and only what was taken there is placed over the window.
 */
public final class BlockMapping {
  private static final Logger LOG = LoggerFactory.getLogger(BlockMapping.class);
  private static final String COUNTS_EVERY_PROMISE = "2";
  private static final Duration HOLE_LIMIT = Duration.ofSeconds(1);

  private final Libc libc;
  private final KernelConstants k;
  private final Path sysfs;
  private final Path overcommit;
  private final RamBlockSpec spec;
  private final MappingStyle style;

  /** The way of one block in one allocator's style. */
  public BlockMapping(Libc libc, Path sysfs, Path procfs, RamBlockSpec spec, MappingStyle style) {
    this.libc = libc;
    this.k = libc.constants();
    this.sysfs = sysfs;
    this.overcommit = procfs.resolve("sys/vm/overcommit_memory");
    this.spec = spec;
    this.style = style;
  }

  /** Flags that the kernel is known to take for this file, without MAP_FIXED. */
  private record Agreed(int flags, SyncAttempt attempt, VmFlags vmFlags) {}

  /** Maps the block into a window of its own. */
  public RamBlock map() throws RamBlockException {
    BackingStore store = BackingStore.open(libc, sysfs, spec);
    try {
      requireFlushFor(store);
      requireReservation(store);
      return mapIn(store, agree(store, false));
    } catch (RamBlockException | RuntimeException | Error e) {
      store.discard();
      throw e;
    }
  }

  private MappedRamBlock mapIn(BackingStore store, Agreed agreed) throws RamBlockException {
    Window window = reserveWindow(store);
    try {
      place(window, store, agreed.flags);
      Verdict verdict = judge(store, agreed, VmFlags.at(window.address()));
      bind(window);
      if (spec.prealloc().wanted()) {
        new Preallocator(libc, spec, window, store.pageSize()).run(spec.prealloc().threads());
      }
      MappedRamBlock block =
          new MappedRamBlock(libc, spec, style, store, window, agreed.flags, verdict);
      window.current = block;
      report(agreed.attempt, verdict);
      return block;
    } catch (ErrnoException e) {
      window.reserveAgain();
      window.abandon();
      if (!(agreed.attempt instanceof SyncAttempt.Accepted)) {
        throw refused(agreed.flags | k.mapFixed(), e);
      }
      logRefusedSync(agreed.flags, e);
      return mapIn(store, withoutSync(store, e));
    } catch (RamBlockException | RuntimeException | Error e) {
      window.abandon();
      throw e;
    }
  }

  private Agreed withoutSync(BackingStore store, ErrnoException refused) {
    return new Agreed(
        plainFlags(store), new SyncAttempt.Refused(refused.errno()), VmFlags.NOT_LOOKED_AT);
  }

  /** Maps the block's file again over the window that {@code present} stands in. */
  public RamBlock remap(RamBlock present) throws RamBlockException {
    if (!(present instanceof MappedRamBlock old)) {
      throw new RemapRefusedException(
          spec,
          "it was made by " + present.getClass().getName() + ", which this allocator doesn't know");
    }
    String pinned = old.pinnedBecause();
    if (!pinned.isEmpty()) {
      throw new RemapRefusedException(spec, pinned);
    }
    old.window.structure.lock();
    try {
      old.requireCurrent();
      requireFlushFor(old.store);
      Agreed agreed = agree(old.store, true);
      judge(old.store, agreed, agreed.vmFlags); // the policy speaks before anything is touched
      writeBack(old);
      return exchange(old, agreed);
    } finally {
      old.window.structure.unlock();
    }
  }

  /**
   * The moment of the exchange: persists wait, readers and writers don't notice. Stores that were
   * made through the old mapping and not yet persisted are written back once more when the new one
   * stands, since its way to persist may not reach what the file system still owes them.
   */
  private MappedRamBlock exchange(MappedRamBlock old, Agreed agreed) throws RamBlockException {
    Window window = old.window;
    long stamp = window.persists.writeLock();
    try {
      try {
        place(window, old.store, agreed.flags);
      } catch (ErrnoException e) {
        return keepServing(old, refused(agreed.flags | k.mapFixed(), e));
      }
      bindAgain(window);
      VmFlags vmFlags = VmFlags.at(window.address());
      MappedRamBlock next;
      try {
        writeBack(old);
        Verdict verdict = judge(old.store, agreed, vmFlags);
        next = new MappedRamBlock(libc, spec, style, old.store, window, agreed.flags, verdict);
        reportChange(old, verdict);
      } catch (RamBlockException e) {
        return takeBack(old, e);
      }
      window.current = next;
      return next;
    } finally {
      window.persists.unlockWrite(stamp);
    }
  }

  /** Puts the old mapping back where the new one stands. */
  private MappedRamBlock takeBack(MappedRamBlock old, RamBlockException e)
      throws RamBlockException {
    try {
      place(old.window, old.store, old.mapFlags);
      bindAgain(old.window);
    } catch (ErrnoException refused) {
      return keepServing(old, refused(old.mapFlags | k.mapFixed(), refused));
    }
    throw e;
  }

  /**
   * After a refused placement: fills the hole that it may have left, so that no reader meets it,
   * and puts back MAP_SYNC if that went with it.
   *
   * @return the block that stands there, if that is less than {@code old}
   * @throws MappingException {@code e}, if it is as good as {@code old}
   */
  private MappedRamBlock keepServing(MappedRamBlock old, MappingException e)
      throws MappingException {
    Window window = old.window;
    int plain = plainFlags(old.store);
    fillHole(window, old.store, plain);
    if (isAsGoodAs(old)) {
      throw e;
    }
    try {
      // MAP_SYNC can't go with NOREPLACE, so what filled the hole is less than what stood there
      place(window, old.store, old.mapFlags);
      bindAgain(window);
      if (isAsGoodAs(old)) {
        throw e;
      }
    } catch (ErrnoException refusedAgain) {
      fillHole(window, old.store, plain);
    }
    LOG.error("{}; it was left mapped without MAP_SYNC", e.getMessage());
    SyncAttempt lost = new SyncAttempt.NotMade("a re-map failed and lost MAP_SYNC");
    VmFlags vmFlags = VmFlags.at(window.address());
    Verdict verdict = Verdict.of(spec, style, old.store, lost, k.mapFlagNames(plain), vmFlags);
    MappedRamBlock healed =
        new MappedRamBlock(libc, spec, style, old.store, window, plain, verdict);
    window.current = healed;
    return healed;
  }

  private static boolean isAsGoodAs(MappedRamBlock old) {
    return !old.obtained().contains(RamFlag.RAM_SYNC)
        || VmFlags.at(old.window.address()).showsSync();
  }

  /**
   * Maps plainly where a live window has a hole, and nowhere else. Tries for a while: an access to
   * a hole ends the JVM.
   */
  private void fillHole(Window window, BackingStore store, int plain) {
    int flags = plain | k.mapFixedNoreplace();
    long limit = System.nanoTime() + HOLE_LIMIT.toNanos();
    while (true) {
      try {
        // SAFETY: NOREPLACE maps only into the hole, if there is one; the flags are those of a
        // plain shared mapping of this very file, which the kernel takes for every file.
        long mapped =
            libc.mmap(
                window.address(), window.size(), protection(), flags, store.fd(), store.offset());
        if (mapped != window.address()) {
          unmapScratch(mapped); // a kernel before 4.17 takes the address for a hint
          return;
        }
        window.adviseNewMapping();
        bindAgain(window);
        return;
      } catch (ErrnoException e) {
        if (e.is(Errno.EEXIST)) {
          return; // there was no hole
        }
        if (System.nanoTime() > limit) {
          LOG.error(
              "memory backend '{}' on {}: nothing is mapped at 0x{} any more, and the next access"
                  + " ends the process: {}",
              spec.id(),
              spec.backing(),
              Long.toHexString(window.address()),
              e.getMessage());
          return;
        }
        LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
      }
    }
  }

  private void requireFlushFor(BackingStore store) throws RamBlockException {
    if (store.kind() != BackingStore.Kind.DAX_DEVICE) {
      return;
    }
    if (!style.attemptsSync()) {
      throw new BackingKindException(
          spec,
          "a DAX device, which the allocator in use, " + style.allocator() + ", can't persist",
          "set pmem=on,share=on and have the bundle holdfast.backend.dax started");
    }
    if (!spec.has(RamFlag.RAM_SHARED)) {
      throw new BackingKindException(
          spec, "a DAX device, which has no private mappings", "set share=on");
    }
    if (style.cacheFlush().isEmpty()) {
      throw new BackingKindException(
          spec,
          "a DAX device, and this JVM can't flush CPU caches",
          "install libpmem (Debian: libpmem1), or start Java with --add-exports"
              + " java.base/jdk.internal.misc=ALL-UNNAMED");
    }
  }

  private Window reserveWindow(BackingStore store) throws MappingException {
    try {
      return Window.reserve(
          libc, spec.size().bytes(), store.align(), spec.has(RamFlag.RAM_READONLY), spec.advice());
    } catch (ErrnoException e) {
      throw new MappingException(
          spec,
          "mmap(PROT_NONE)",
          e.errno().toString(),
          "no address space is free for that"
              + (spec.align().bytes() == 0 ? "" : " and align=" + store.align())
              + ": ask for less, or raise ulimit -v");
    }
  }

  /** Finds out, on a scratch address, which flags the kernel takes. */
  private Agreed agree(BackingStore store, boolean live) throws MappingException {
    int plain = plainFlags(store);
    String whyNot = Verdict.whyNoSync(spec, style, k);
    if (!whyNot.isEmpty()) {
      SyncAttempt none = new SyncAttempt.NotMade(whyNot);
      return live
          ? tryOnScratch(store, plain, none)
          : new Agreed(plain, none, VmFlags.NOT_LOOKED_AT);
    }
    int sync = plain & ~KernelConstants.MAP_SHARED | k.mapSharedValidate() | k.mapSync();
    try {
      return scratch(store, sync, new SyncAttempt.Accepted());
    } catch (ErrnoException e) {
      logRefusedSync(sync, e);
      return tryOnScratch(store, plain, new SyncAttempt.Refused(e.errno()));
    }
  }

  /** Of EOPNOTSUPP the operator hears a warning ({@link #report}); of all else, this. */
  private void logRefusedSync(int flags, ErrnoException e) {
    if (!e.is(Errno.EOPNOTSUPP)) {
      LOG.info(
          "memory backend '{}' on {}: mmap({}): {}; mapped without both flags",
          spec.id(),
          spec.backing(),
          k.mapFlagNames(flags),
          e.errno());
    }
  }

  private Agreed tryOnScratch(BackingStore store, int flags, SyncAttempt attempt)
      throws MappingException {
    try {
      return scratch(store, flags, attempt);
    } catch (ErrnoException e) {
      throw refused(flags, e);
    }
  }

  private Agreed scratch(BackingStore store, int flags, SyncAttempt attempt) throws ErrnoException {
    long address =
        libc.mmap(0, spec.size().bytes(), protection(), flags, store.fd(), store.offset());
    VmFlags vmFlags = VmFlags.at(address);
    unmapScratch(address);
    return new Agreed(flags, attempt, vmFlags);
  }

  private void unmapScratch(long address) {
    try {
      // SAFETY: the scratch mapping was made here at an address of the kernel's choice.
      libc.munmap(address, spec.size().bytes());
    } catch (ErrnoException e) {
      LOG.error("a scratch mapping of {} stays behind: {}", spec.backing(), e.getMessage());
    }
  }

  /** Maps over the window with flags that were agreed on. A refusal may leave a hole there. */
  private void place(Window window, BackingStore store, int flags) throws ErrnoException {
    // SAFETY: the window's addresses are ours, and these flags were taken for this file before.
    libc.mmap(
        window.address(),
        window.size(),
        protection(),
        flags | k.mapFixed(),
        store.fd(),
        store.offset());
    window.adviseNewMapping();
  }

  private void bindAgain(Window window) {
    try {
      bind(window);
    } catch (NumaBindingException e) {
      LOG.warn("{}; it was re-mapped all the same", e.getMessage());
    }
  }

  /** Binds the pages to NUMA nodes, before any of them is made present. */
  private void bind(Window window) throws NumaBindingException {
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
          e.is(Errno.ENOSYS)
              ? "install libnuma"
              : "the nodes that this host has are listed in /sys/devices/system/node/online");
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
      // a kernel before 5.15, or a node that it doesn't have: it says which
      int one = KernelConstants.MPOL_PREFERRED;
      libc.mbind(window.address(), window.size(), one, numa.hostNodes(), strict);
    }
  }

  /**
   * That MAP_NORESERVE has an effect, if it is asked for, by QEMU's rule: huge pages, read-only and
   * shared mappings of a file always; else not while the kernel counts every promise.
   */
  private void requireReservation(BackingStore store) throws ReservationException {
    if (!spec.has(RamFlag.RAM_NORESERVE)
        || store.pageSize() != libc.getpagesize()
        || spec.has(RamFlag.RAM_READONLY)
        || spec.has(RamFlag.RAM_SHARED) && store.kind() != BackingStore.Kind.ANONYMOUS) {
      return;
    }
    try {
      if (Files.readString(overcommit).strip().equals(COUNTS_EVERY_PROMISE)) {
        throw new ReservationException(
            spec, overcommit + " is 2, so that the kernel sets memory aside all the same");
      }
    } catch (IOException e) {
      throw new ReservationException(spec, overcommit + " can't be read: " + e.getMessage());
    }
  }

  /** Durable by the kernel's means, whatever the granularity: needed wherever mappings change. */
  private void writeBack(MappedRamBlock block) throws PersistException {
    if (block.store.kind() != BackingStore.Kind.FILE || block.store.isVolatile()) {
      return;
    }
    Window window = block.window;
    try {
      libc.msync(window.address(), window.size(), k.msSync());
    } catch (ErrnoException e) {
      throw new PersistException(spec, 0, window.size(), e.call(), e.errno().toString());
    }
  }

  private Verdict judge(BackingStore store, Agreed agreed, VmFlags vmFlags)
      throws DurabilityException {
    Verdict verdict =
        Verdict.of(spec, style, store, agreed.attempt, k.mapFlagNames(agreed.flags), vmFlags);
    boolean enough = verdict.durability().obtained().compareTo(Granularity.CACHE_LINE) >= 0;
    if (spec.policy() == DurabilityPolicy.REQUIRE && !enough) {
      throw new DurabilityException(spec, verdict.durability());
    }
    return verdict;
  }

  /**
   * Warns where the series warns, and where MAP_SYNC was wanted and its kind of allocator is gone.
   */
  private void report(SyncAttempt attempt, Verdict verdict) {
    if (!spec.wantsSync() || !verdict.durability().isShortfall()) {
      return;
    }
    switch (attempt) {
      case SyncAttempt.Refused(Errno errno) when errno.value() == Errno.EOPNOTSUPP ->
          LOG.warn(
              "memory backend '{}' on {}: failed to validate with mapping flags: {}; going on"
                  + " without MAP_SYNC: what was not persisted may be corrupt after a crash of the"
                  + " host, and the granularity is {}, not {}",
              spec.id(),
              spec.backing(),
              errno.text(),
              verdict.durability().obtained(),
              verdict.durability().requested());
      case SyncAttempt.Refused other -> {}
      case SyncAttempt.NotMade none when k.mapSync() == 0 -> {}
      default -> warnOfShortfall(verdict.durability().requested(), verdict);
    }
  }

  private void reportChange(MappedRamBlock old, Verdict verdict) {
    Granularity before = old.durability().obtained();
    if (spec.wantsSync() && verdict.durability().obtained().compareTo(before) < 0) {
      warnOfShortfall(before, verdict);
    }
  }

  private void warnOfShortfall(Granularity expected, Verdict verdict) {
    LOG.warn(
        "memory backend '{}' on {}: the granularity is {}, not {}: {}",
        spec.id(),
        spec.backing(),
        verdict.durability().obtained(),
        expected,
        verdict.durability().reason());
  }

  private int protection() {
    return spec.has(RamFlag.RAM_READONLY)
        ? KernelConstants.PROT_READ
        : KernelConstants.PROT_READ | KernelConstants.PROT_WRITE;
  }

  private int plainFlags(BackingStore store) {
    int flags =
        spec.has(RamFlag.RAM_SHARED) ? KernelConstants.MAP_SHARED : KernelConstants.MAP_PRIVATE;
    if (store.kind() == BackingStore.Kind.ANONYMOUS) {
      flags |= k.mapAnonymous();
    }
    if (spec.has(RamFlag.RAM_NORESERVE)) {
      flags |= k.mapNoreserve();
    }
    return flags;
  }

  private MappingException refused(int flags, ErrnoException e) {
    String advice =
        e.is(Errno.ENOMEM)
            ? "free memory, provide huge pages (sysctl vm.nr_hugepages), or raise ulimit -v or"
                + " vm.max_map_count"
            : "the file system can't map this file so";
    return new MappingException(
        spec, "mmap(" + k.mapFlagNames(flags) + ")", e.errno().toString(), advice);
  }
}
