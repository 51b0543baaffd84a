package holdfast.backend.mmap.internal;

import holdfast.backend.api.BackingKindException;
import holdfast.backend.api.DurabilityException;
import holdfast.backend.api.DurabilityPolicy;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.MappingException;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.backend.api.ReservationException;
import holdfast.backend.mmap.MappingStyle;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import holdfast.host.linux.Remedy;
import holdfast.host.linux.Scene;
import holdfast.host.linux.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Maps one block into a window, for the first time or again.
 *
 * <p>mmap(MAP_FIXED) is never used to try flags: a refused call may have removed the mapping that
 * was there. Flags that the kernel may refuse are tried first on a scratch address of the kernel's
 * choice, and only what was accepted there is placed over the window.
 */
public final class BlockMapping {
  private static final Logger LOG = LoggerFactory.getLogger(BlockMapping.class);

  /** Shown to the operator, unlike other information, since it revokes a warning. */
  private static final Logger TOLD = LoggerFactory.getLogger("holdfast.progress");

  private static final String COUNTS_EVERY_PROMISE = "2";

  private final Libc libc;
  private final KernelConstants k;
  private final Path sysfs;
  private final Path overcommit;
  private final RamBlockSpec spec;
  private final MappingStyle style;

  /** Prepares the mapping of one block in one allocator's style. */
  public BlockMapping(Libc libc, Path sysfs, Path procfs, RamBlockSpec spec, MappingStyle style) {
    this.libc = libc;
    this.k = libc.constants();
    this.sysfs = sysfs;
    this.overcommit = procfs.resolve("sys/vm/overcommit_memory");
    this.spec = spec;
    this.style = style;
  }

  /** Flags, without MAP_FIXED, that the kernel is known to accept for this file. */
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
    Placement placement = new Placement(libc, spec, store);
    Window window = reserveWindow(store);
    try {
      placement.place(window, agreed.flags);
      Verdict verdict = judge(store, agreed, VmFlags.at(window.address()));
      placement.bind(window);
      if (spec.prealloc().wanted()) {
        new Preallocator(libc, spec, window, store).run(spec.prealloc().threads());
      }
      MappedRamBlock block =
          new MappedRamBlock(
              libc, spec, style, store, window, agreed.flags, agreed.attempt, verdict);
      window.current = block;
      report(agreed.attempt, verdict);
      return block;
    } catch (ErrnoException e) {
      window.reserveAgain();
      window.abandon();
      if (!(agreed.attempt instanceof SyncAttempt.Accepted)) {
        throw placement.refusedInPlace(agreed.flags, e);
      }
      logRefusedSync(agreed.flags, e);
      return mapIn(
          store,
          new Agreed(
              placement.plainFlags(), new SyncAttempt.Refused(e.errno()), VmFlags.NOT_LOOKED_AT));
    } catch (RamBlockException | RuntimeException | Error e) {
      window.abandon();
      throw e;
    }
  }

  /** Maps the block's file again over the window that {@code present} is in. */
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
      old.requireWrittenBack(0, old.window.size(), old.store.writeBackFailure());
      requireFlushFor(old.store);
      Agreed agreed = agree(old.store, true);
      judge(old.store, agreed, agreed.vmFlags); // apply the policy before anything is touched
      writeBack(old);
      return exchange(old, agreed);
    } finally {
      old.window.structure.unlock();
    }
  }

  /**
   * Exchanges the mapping: persists wait, readers and writers don't notice. Stores that were made
   * through the old mapping and not yet persisted are written back once more when the new one is in
   * place, since its way to persist may not cover what the file system has still to write for them.
   */
  private MappedRamBlock exchange(MappedRamBlock old, Agreed agreed) throws RamBlockException {
    Window window = old.window;
    Placement placement = new Placement(libc, spec, old.store);
    long stamp = window.persists.writeLock();
    try {
      try {
        placement.place(window, agreed.flags);
      } catch (ErrnoException e) {
        return keepServing(old, placement.refusedInPlace(agreed.flags, e));
      }
      placement.bindAgain(window);
      VmFlags vmFlags = VmFlags.at(window.address());
      MappedRamBlock next;
      try {
        writeBack(old);
        Verdict verdict = judge(old.store, agreed, vmFlags);
        next =
            new MappedRamBlock(
                libc, spec, style, old.store, window, agreed.flags, agreed.attempt, verdict);
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

  /** Puts the old mapping back in place of the new one. */
  private MappedRamBlock takeBack(MappedRamBlock old, RamBlockException e)
      throws RamBlockException {
    Placement placement = new Placement(libc, spec, old.store);
    try {
      placement.place(old.window, old.mapFlags);
      placement.bindAgain(old.window);
    } catch (ErrnoException refused) {
      return keepServing(old, placement.refusedInPlace(old.mapFlags, refused));
    }
    throw e;
  }

  /**
   * Recovers from a refused placement: fills the hole that it may have left, so that no reader
   * meets it, and restores MAP_SYNC if that was lost with it.
   *
   * @return the block that is in the window, if it is less than {@code old}
   * @throws MappingException {@code e}, if it is as good as {@code old}
   */
  private MappedRamBlock keepServing(MappedRamBlock old, MappingException e)
      throws MappingException {
    Window window = old.window;
    Placement placement = new Placement(libc, spec, old.store);
    placement.fillHole(window);
    if (isAsGoodAs(old)) {
      throw e;
    }
    try {
      // MAP_SYNC and NOREPLACE exclude each other, so the mapping that filled the hole is less than
      // the old one
      placement.place(window, old.mapFlags);
      placement.bindAgain(window);
      if (isAsGoodAs(old)) {
        throw e;
      }
    } catch (ErrnoException refusedAgain) {
      placement.fillHole(window);
    }
    LOG.error("{}; it was left mapped without MAP_SYNC", e.getMessage());
    SyncAttempt lost = new SyncAttempt.NotMade("a re-map failed and lost MAP_SYNC");
    VmFlags vmFlags = VmFlags.at(window.address());
    int plain = placement.plainFlags();
    Verdict verdict = Verdict.of(spec, style, old.store, lost, k.mapFlagNames(plain), vmFlags);
    MappedRamBlock healed =
        new MappedRamBlock(libc, spec, style, old.store, window, plain, lost, verdict);
    window.current = healed;
    return healed;
  }

  private static boolean isAsGoodAs(MappedRamBlock old) {
    return !old.obtained().contains(RamFlag.RAM_SYNC)
        || VmFlags.at(old.window.address()).showsSync();
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
          "a DAX device, and CPU caches are not flushed: " + style.whyNoFlush(),
          "install libpmem (Debian: libpmem1), or start Java with --add-exports"
              + " java.base/jdk.internal.misc=ALL-UNNAMED; and leave cache.flush=auto in the"
              + " configuration holdfast.backend.dax");
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
          Remedy.of(Step.RESERVE, e, Scene.of(new BlockRequest(spec))));
    }
  }

  /** Finds out, on a scratch address, which flags the kernel accepts. */
  private Agreed agree(BackingStore store, boolean live) throws MappingException {
    Placement placement = new Placement(libc, spec, store);
    int plain = placement.plainFlags();
    String whyNot = Verdict.whyNoSync(spec, style, k);
    if (!whyNot.isEmpty()) {
      SyncAttempt none = new SyncAttempt.NotMade(whyNot);
      return live
          ? tryElsewhere(placement, plain, none)
          : new Agreed(plain, none, VmFlags.NOT_LOOKED_AT);
    }
    int sync = plain & ~KernelConstants.MAP_SHARED | k.mapSharedValidate() | k.mapSync();
    try {
      return new Agreed(sync, new SyncAttempt.Accepted(), placement.tryElsewhere(sync));
    } catch (ErrnoException e) {
      logRefusedSync(sync, e);
      return tryElsewhere(placement, plain, new SyncAttempt.Refused(e.errno()));
    }
  }

  /**
   * Logs a refusal of MAP_SYNC, except EOPNOTSUPP, for which {@link #report} warns the operator.
   */
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

  private static Agreed tryElsewhere(Placement placement, int flags, SyncAttempt attempt)
      throws MappingException {
    try {
      return new Agreed(flags, attempt, placement.tryElsewhere(flags));
    } catch (ErrnoException e) {
      throw placement.refused(flags, e);
    }
  }

  /**
   * Checks that MAP_NORESERVE, if it is requested, has an effect, by QEMU's rule: it has one for
   * huge pages and for read-only and shared mappings of a file; otherwise only if the kernel
   * doesn't run with overcommit mode 2.
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

  /**
   * Makes the block durable by the kernel's means, whatever its granularity: needed whenever its
   * mapping changes.
   */
  private void writeBack(MappedRamBlock block) throws PersistException {
    if (block.store.kind() != BackingStore.Kind.FILE || block.store.isVolatile()) {
      return;
    }
    long size = block.window.size();
    try {
      block.requireWrittenBack(0, size, block.msync(0, size));
    } catch (ErrnoException e) {
      throw new PersistException(
          spec,
          0,
          size,
          e.call(),
          e.errno().toString(),
          Remedy.of(
              Step.WRITE_BACK, e, Scene.ofFile(libc, new BlockRequest(spec), block.store.fd())));
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
   * Warns when the MAP_SYNC patch series for QEMU would, and when MAP_SYNC was requested but the
   * allocator that provides it is gone.
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
    } else if (old.durability().isShortfall() && !verdict.durability().isShortfall()) {
      TOLD.info(
          "memory backend '{}' on {}: the granularity is {} now, as it was asked for",
          spec.id(),
          spec.backing(),
          verdict.durability().obtained());
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
}
