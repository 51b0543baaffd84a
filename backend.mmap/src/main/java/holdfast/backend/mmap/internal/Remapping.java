package holdfast.backend.mmap.internal;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.MappingException;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.ErrnoException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Maps the backing of a live block again, with other flags, over the same window. {@link
 * Replacement} exchanges the backing itself. The caller holds the window's {@link
 * Window#structure}.
 */
final class Remapping {
  private static final Logger LOG = LoggerFactory.getLogger(Remapping.class);

  /** Shown to the operator, unlike other information, since it revokes a warning. */
  private static final Logger TOLD = LoggerFactory.getLogger("holdfast.progress");

  private final MappedRamBlock old;
  private final Window window;
  private final BlockRecipe recipe;
  private final RamBlockSpec spec;
  private final WindowMapper mapper;

  /**
   * @param recipe what the next block is made from; its store is that of {@code old}
   */
  Remapping(MappedRamBlock old, BlockRecipe recipe) {
    this.old = old;
    this.window = old.window;
    this.recipe = recipe;
    this.spec = recipe.spec();
    this.mapper = recipe.mapper();
  }

  /**
   * Exchanges the mapping: persists wait, readers and writers don't notice. Stores that were made
   * through the old mapping and not yet persisted are written back once more when the new one is in
   * place, since its way to persist may not cover what the file system has still to write for them.
   *
   * @param agreed flags that were tried on a scratch address
   */
  MappedRamBlock exchange(AgreedFlags agreed) throws RamBlockException {
    recipe.judge(agreed); // apply the policy before anything is touched
    old.persistence.writeBackAll();
    Optional<FormerMapping> former = Optional.empty();
    long stamp = window.persists.writeLock();
    try {
      former = FormerMapping.takenFrom(old); // or the guest would wait until it is unmapped
      try {
        mapper.place(window, agreed.flags());
      } catch (ErrnoException e) {
        return keepServing(mapper.refusedInPlace(agreed.flags(), e));
      }
      mapper.bindAgain(window);
      AgreedFlags made = agreed.madeAt(window.address());
      MappedRamBlock next;
      try {
        old.persistence.writeBackAll();
        DurabilityAssessment assessment = recipe.judge(made);
        next = new MappedRamBlock(recipe, window, made, assessment);
        reportChange(assessment);
      } catch (RamBlockException e) {
        return takeBack(e);
      }
      window.current = next;
      return next;
    } finally {
      window.persists.unlockWrite(stamp);
      former.ifPresent(FormerMapping::release);
    }
  }

  /** Puts the old mapping back in place of the new one. */
  private MappedRamBlock takeBack(RamBlockException e) throws RamBlockException {
    try {
      mapper.place(window, old.agreed.flags());
      mapper.bindAgain(window);
    } catch (ErrnoException refused) {
      return keepServing(mapper.refusedInPlace(old.agreed.flags(), refused));
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
  private MappedRamBlock keepServing(MappingException e) throws MappingException {
    mapper.fillHole(window);
    if (isAsGoodAsBefore()) {
      throw e;
    }
    try {
      // MAP_SYNC and NOREPLACE exclude each other, so the mapping that filled the hole is less than
      // the old one
      mapper.place(window, old.agreed.flags());
      mapper.bindAgain(window);
      if (isAsGoodAsBefore()) {
        throw e;
      }
    } catch (ErrnoException refusedAgain) {
      mapper.fillHole(window);
    }
    LOG.error("{}; it was left mapped without MAP_SYNC", e.getMessage());
    SyncAttempt lost = new SyncAttempt.NotMade("a re-map failed and lost MAP_SYNC");
    MappedRamBlock healed =
        recipe.mappedIn(
            window, new AgreedFlags(mapper.plainFlags(), lost, VmFlags.at(window.address())));
    window.current = healed;
    return healed;
  }

  private boolean isAsGoodAsBefore() {
    return !old.obtained().contains(RamFlag.RAM_SYNC) || VmFlags.at(window.address()).showsSync();
  }

  private void reportChange(DurabilityAssessment assessment) {
    Granularity before = old.durability().obtained();
    Granularity now = assessment.durability().obtained();
    if (spec.wantsSync() && now.compareTo(before) < 0) {
      assessment.warnOfShortfall(spec, before);
    } else if (old.durability().isShortfall() && !assessment.durability().isShortfall()) {
      TOLD.info(
          "memory backend '{}' on {}: the granularity is {} now, as it was asked for",
          spec.id(),
          spec.backing(),
          now);
    }
  }
}
