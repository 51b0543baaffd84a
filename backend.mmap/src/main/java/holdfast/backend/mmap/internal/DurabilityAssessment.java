package holdfast.backend.mmap.internal;

import holdfast.backend.api.Durability;
import holdfast.backend.api.Evidence;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.Errno;
import java.util.EnumSet;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The evaluation of a mapping: the flags obtained, the way to persist, the durability. Derived from
 * observed facts alone.
 */
record DurabilityAssessment(
    EnumSet<RamFlag> obtained, PersistMethod method, Durability durability) {

  private static final Logger LOG = LoggerFactory.getLogger(DurabilityAssessment.class);

  private static final String MSYNC = "msync(MS_SYNC)";

  /**
   * Evaluates a mapping.
   *
   * @param attempt the outcome of MAP_SYNC
   * @param names the names of the mmap(2) flags of the mapping that was made
   * @param vmFlags the VmFlags of the mapping that was made
   */
  static DurabilityAssessment of(
      RamBlockSpec spec,
      MappingStyle style,
      BackingStore store,
      SyncAttempt attempt,
      String names,
      VmFlags vmFlags) {
    boolean inForce = attempt instanceof SyncAttempt.Accepted && vmFlags.showsSync();
    EnumSet<RamFlag> obtained = spec.flags();
    if (!style.attemptsSync()) {
      obtained.remove(RamFlag.RAM_PMEM);
    }
    if (inForce) {
      obtained.add(RamFlag.RAM_SYNC);
    }
    Obtained result = assess(spec, style, store, attempt, vmFlags, inForce);
    String tried =
        switch (attempt) {
          case SyncAttempt.NotMade none -> names + ": ok";
          case SyncAttempt.Accepted ok -> "MAP_SHARED_VALIDATE|MAP_SYNC: ok";
          case SyncAttempt.Refused(Errno errno) -> "MAP_SHARED_VALIDATE|MAP_SYNC: " + errno.name();
        };
    String persist =
        switch (result.method) {
          case NOTHING -> "nothing";
          case MSYNC -> MSYNC;
          case CACHE_FLUSH -> style.cacheFlush().map(CacheFlush::describe).orElseThrow();
          case FENCE ->
              "the fence of " + style.cacheFlush().map(CacheFlush::describe).orElseThrow();
        };
    Evidence evidence = new Evidence(tried, vmFlags.text(), persist, store.medium());
    return new DurabilityAssessment(
        RamFlag.checkObtained(spec.flags(), obtained),
        result.method,
        new Durability(spec.requestedGranularity(), result.granularity, result.reason, evidence));
  }

  /**
   * Returns the verdict for the same memory without its allocator, with only the kernel's own
   * means.
   */
  DurabilityAssessment detached(BackingStore store) {
    boolean needsAllocator =
        switch (method) {
          case NOTHING, MSYNC -> false;
          case CACHE_FLUSH, FENCE -> true;
        };
    if (!needsAllocator || store instanceof DaxDeviceStore) {
      return this;
    }
    Evidence seen = durability.evidence();
    return new DurabilityAssessment(
        obtained,
        PersistMethod.MSYNC,
        new Durability(
            durability.requested(),
            Granularity.PAGE,
            "detached: the allocator that flushed CPU caches is gone, so each persist goes through"
                + " msync(2)",
            new Evidence(seen.mmap(), seen.vmFlags(), MSYNC, seen.fileSystem())));
  }

  private record Obtained(PersistMethod method, Granularity granularity, String reason) {}

  private static Obtained assess(
      RamBlockSpec spec,
      MappingStyle style,
      BackingStore store,
      SyncAttempt attempt,
      VmFlags vmFlags,
      boolean inForce) {
    Optional<String> volatility = store.volatility();
    if (store instanceof AnonymousStore) {
      return none(volatility.orElseThrow());
    }
    if (spec.has(RamFlag.RAM_READONLY)) {
      return none("readonly=on: nothing can be stored");
    }
    if (!spec.has(RamFlag.RAM_SHARED)) {
      return none("share=off: stores go to private copies of the pages and never reach the file");
    }
    if (volatility.isPresent()) {
      return none(volatility.get());
    }
    if (store instanceof DaxDeviceStore) {
      return flushed(style, "a DAX device has no metadata that a crash could lose");
    }
    if (inForce) {
      return style.cacheFlush().isPresent()
          ? flushed(style, "MAP_SYNC is in force")
          : page(
              "MAP_SYNC is in force, but CPU caches are not flushed: "
                  + style.flushObstacle().orElseThrow());
    }
    return page(
        switch (attempt) {
          case SyncAttempt.NotMade(String why) -> why;
          case SyncAttempt.Accepted ok ->
              "the kernel took MAP_SYNC, but the mapping's VmFlags don't show sf: " + vmFlags;
          case SyncAttempt.Refused(Errno errno) when errno.value() == Errno.EOPNOTSUPP ->
              "the kernel refused MAP_SYNC (EOPNOTSUPP): this file on "
                  + store.medium()
                  + " is not on a DAX mount";
          case SyncAttempt.Refused(Errno errno) -> "the kernel refused MAP_SYNC: " + errno;
        });
  }

  private static Obtained none(String reason) {
    return new Obtained(PersistMethod.NOTHING, Granularity.NONE, reason);
  }

  private static Obtained page(String reason) {
    return new Obtained(
        PersistMethod.MSYNC, Granularity.PAGE, reason + "; each persist goes through msync(2)");
  }

  private static Obtained flushed(MappingStyle style, String reason) {
    boolean automatic = style.cacheFlush().orElseThrow().platformFlushesCaches();
    return automatic
        ? new Obtained(
            PersistMethod.FENCE,
            Granularity.BYTE,
            reason
                + ", and the platform flushes CPU caches when power fails (eADR); each persist is a"
                + " fence")
        : new Obtained(
            PersistMethod.CACHE_FLUSH,
            Granularity.CACHE_LINE,
            reason + "; each persist flushes CPU cache lines");
  }

  /** Warns that a block is less durable than it was or should be. */
  void warnOfShortfall(RamBlockSpec spec, Granularity expected) {
    LOG.warn(
        "memory backend '{}' on {}: the granularity is {}, not {}: {}",
        spec.id(),
        spec.backing(),
        durability.obtained(),
        expected,
        durability.reason());
  }
}
