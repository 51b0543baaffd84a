package holdfast.backend.mmap.internal;

import holdfast.backend.api.MappingException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides on MAP_SYNC: whether it is attempted, with which flags, what a refusal leads to, and what
 * the operator is told of it. What an attempt is worth, {@link DurabilityAssessment} says, which
 * also looks at what the kernel shows of the mapping.
 */
final class SyncNegotiation {
  private static final Logger LOG = LoggerFactory.getLogger(SyncNegotiation.class);

  private final KernelConstants k;
  private final BlockRecipe recipe;
  private final RamBlockSpec spec;
  private final WindowMapper mapper;

  SyncNegotiation(BlockRecipe recipe) {
    this.k = recipe.libc().constants();
    this.recipe = recipe;
    this.spec = recipe.spec();
    this.mapper = recipe.mapper();
  }

  /** Finds flags for a window that nobody can see yet; plain ones are tried in place. */
  AgreedFlags forNewWindow() throws MappingException {
    Optional<String> obstacle = obstacle(spec, recipe.style(), k);
    if (obstacle.isPresent()) {
      return plain(new SyncAttempt.NotMade(obstacle.get()));
    }
    int sync = syncFlags();
    try {
      mapper.tryElsewhere(sync);
      return new AgreedFlags(sync, new SyncAttempt.Accepted(), VmFlags.NOT_LOOKED_AT);
    } catch (ErrnoException e) {
      logRefusal(sync, e);
      return plain(new SyncAttempt.Refused(e.errno()));
    }
  }

  /**
   * Finds flags for a live window, all of them on a scratch address, with what the kernel shows of
   * a mapping with MAP_SYNC there: the policy is applied before the window is touched.
   */
  AgreedFlags forLiveWindow() throws MappingException {
    Optional<String> obstacle = obstacle(spec, recipe.style(), k);
    if (obstacle.isPresent()) {
      return plainElsewhere(new SyncAttempt.NotMade(obstacle.get()));
    }
    int sync = syncFlags();
    try {
      return new AgreedFlags(sync, new SyncAttempt.Accepted(), mapper.lookElsewhere(sync));
    } catch (ErrnoException e) {
      logRefusal(sync, e);
      return plainElsewhere(new SyncAttempt.Refused(e.errno()));
    }
  }

  private int syncFlags() {
    return mapper.plainFlags() & ~KernelConstants.MAP_SHARED | k.mapSharedValidate() | k.mapSync();
  }

  /**
   * Returns the plain flags for a new window, after flags that were accepted on a scratch address
   * were refused in place.
   */
  AgreedFlags afterRefusalInPlace(AgreedFlags refused, ErrnoException e) {
    logRefusal(refused.flags(), e);
    return plain(new SyncAttempt.Refused(e.errno()));
  }

  private AgreedFlags plainElsewhere(SyncAttempt attempt) throws MappingException {
    int flags = mapper.plainFlags();
    try {
      mapper.tryElsewhere(flags);
      return new AgreedFlags(flags, attempt, VmFlags.NOT_LOOKED_AT);
    } catch (ErrnoException e) {
      throw mapper.refused(flags, e);
    }
  }

  private AgreedFlags plain(SyncAttempt attempt) {
    return new AgreedFlags(mapper.plainFlags(), attempt, VmFlags.NOT_LOOKED_AT);
  }

  /** Logs a refusal, except EOPNOTSUPP, for which {@link #report} warns the operator. */
  private void logRefusal(int flags, ErrnoException e) {
    if (!e.is(Errno.EOPNOTSUPP)) {
      LOG.info(
          "memory backend '{}' on {}: mmap({}): {}; mapped without both flags",
          spec.id(),
          spec.backing(),
          k.mapFlagNames(flags),
          e.errno());
    }
  }

  /**
   * Warns when the MAP_SYNC patch series for QEMU would, and when MAP_SYNC was requested but the
   * allocator that provides it is gone; not if the operator has been told of the same of the memory
   * whose bytes the block takes over.
   */
  void report(SyncAttempt attempt, DurabilityAssessment assessment) {
    if (!spec.wantsSync() || !assessment.durability().isShortfall()) {
      return;
    }
    if (spec.known().filter(assessment.durability()::isLike).isPresent()) {
      LOG.info(
          "memory backend '{}' on {}: the granularity is {}, as it was",
          spec.id(),
          spec.backing(),
          assessment.durability().obtained());
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
              assessment.durability().obtained(),
              assessment.durability().requested());
      case SyncAttempt.Refused other -> {}
      case SyncAttempt.NotMade none when k.mapSync() == 0 -> {}
      default -> assessment.warnOfShortfall(spec, assessment.durability().requested());
    }
  }

  /**
   * Looks up why MAP_SYNC is not attempted.
   *
   * @return the reason as half a sentence; empty if it is attempted
   */
  static Optional<String> obstacle(
      RamBlockSpec spec, MappingStyle style, KernelConstants constants) {
    if (!spec.has(RamFlag.RAM_SHARED)) {
      return Optional.of("share=off");
    }
    if (!spec.has(RamFlag.RAM_PMEM)) {
      return Optional.of("pmem=off: MAP_SYNC is not asked for");
    }
    if (!spec.wantsSync()) {
      return Optional.of("x-durability=off: MAP_SYNC is not asked for");
    }
    if (!style.attemptsSync()) {
      return Optional.of(
          "the allocator in use, " + style.allocator() + ", makes ordinary mappings");
    }
    if (constants.mapSync() == 0) {
      return Optional.of(
          constants.mapSharedValidate() == 0
              ? "this operating system has no MAP_SYNC"
              : "this architecture has no MAP_SYNC");
    }
    return Optional.empty();
  }
}
