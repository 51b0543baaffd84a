package holdfast.backend.mmap.internal;

import holdfast.backend.api.BackingKindException;
import holdfast.backend.api.MappingException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.backend.api.ReservationException;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.Libc;
import holdfast.host.linux.Remedy;
import holdfast.host.linux.Scene;
import holdfast.host.linux.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Maps one block into a window, for the first time or again.
 *
 * <p>mmap(MAP_FIXED) is never used to try flags: a refused call may have removed the mapping that
 * was there. Flags that the kernel may refuse are tried first on a scratch address of the kernel's
 * choice, and only what was accepted there is placed over the window.
 */
public final class BlockMapper {
  private static final String COUNTS_EVERY_PROMISE = "2";

  private final Libc libc;
  private final Path sysfs;
  private final Path overcommit;
  private final RamBlockSpec spec;
  private final MappingStyle style;

  /** Prepares the mapping of one block in one allocator's style. */
  public BlockMapper(Libc libc, Path sysfs, Path procfs, RamBlockSpec spec, MappingStyle style) {
    this.libc = libc;
    this.sysfs = sysfs;
    this.overcommit = procfs.resolve("sys/vm/overcommit_memory");
    this.spec = spec;
    this.style = style;
  }

  /** Maps the block into a window of its own. */
  public RamBlock map() throws RamBlockException {
    BackingStore store = BackingStore.open(libc, sysfs, spec);
    try {
      requireFlushFor(store);
      requireReservation(store);
      BlockRecipe recipe = new BlockRecipe(libc, spec, style, store);
      return mapIn(recipe, new SyncNegotiation(recipe).forNewWindow());
    } catch (RamBlockException | RuntimeException | Error e) {
      store.discard();
      throw e;
    }
  }

  private MappedRamBlock mapIn(BlockRecipe recipe, AgreedFlags agreed) throws RamBlockException {
    WindowMapper mapper = recipe.mapper();
    SyncNegotiation negotiation = new SyncNegotiation(recipe);
    Window window = reserveWindow(recipe.store());
    try {
      mapper.place(window, agreed.flags());
      AgreedFlags made = agreed.madeAt(window.address());
      DurabilityAssessment assessment = recipe.judge(made);
      mapper.bind(window);
      if (spec.prealloc().wanted() && spec.inherited().isEmpty()) { // its owner has done so
        new Preallocator(libc, spec, window, recipe.store()).run(spec.prealloc().threads());
      }
      MappedRamBlock block = new MappedRamBlock(recipe, window, made, assessment);
      window.current = block;
      negotiation.report(agreed.attempt(), assessment);
      return block;
    } catch (ErrnoException e) {
      window.reserveAgain();
      window.abandon();
      if (!(agreed.attempt() instanceof SyncAttempt.Accepted)) {
        throw mapper.refusedInPlace(agreed.flags(), e);
      }
      return mapIn(recipe, negotiation.afterRefusalInPlace(agreed, e));
    } catch (RamBlockException | RuntimeException | Error e) {
      window.abandon();
      throw e;
    }
  }

  /** Maps the block's file again over the window that {@code present} is in. */
  public RamBlock remap(RamBlock present) throws RamBlockException {
    MappedRamBlock old =
        MappedRamBlock.of(present)
            .orElseThrow(
                () ->
                    new RemapRefusedException(
                        spec,
                        "it was made by "
                            + present.getClass().getName()
                            + ", which this allocator doesn't know"));
    Optional<String> obstacle = old.remapObstacle();
    if (obstacle.isPresent()) {
      throw new RemapRefusedException(spec, obstacle.get());
    }
    old.window.structure.lock();
    try {
      old.requireCurrent();
      old.persistence.requireSound();
      requireFlushFor(old.store);
      BlockRecipe recipe = new BlockRecipe(libc, spec, style, old.store);
      return new Remapping(old, recipe).exchange(new SyncNegotiation(recipe).forLiveWindow());
    } finally {
      old.window.structure.unlock();
    }
  }

  private void requireFlushFor(BackingStore store) throws RamBlockException {
    if (!(store instanceof DaxDeviceStore)) {
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
          "a DAX device, and CPU caches are not flushed: " + style.flushObstacle().orElseThrow(),
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

  /**
   * Checks that MAP_NORESERVE, if it is requested, has an effect, by QEMU's rule: it has one for
   * huge pages and for read-only and shared mappings of a file; otherwise only if the kernel
   * doesn't run with overcommit mode 2.
   */
  private void requireReservation(BackingStore store) throws ReservationException {
    if (!spec.has(RamFlag.RAM_NORESERVE)
        || store.pageSize() != libc.getpagesize()
        || spec.has(RamFlag.RAM_READONLY)
        || spec.has(RamFlag.RAM_SHARED) && !(store instanceof AnonymousStore)) {
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
}
