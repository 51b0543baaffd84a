package holdfast.backend.dax.internal;

import holdfast.backend.mmap.CacheFlushes;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.backend.mmap.style.MappingStyle;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which code writes back CPU caches; chosen for the first block after the allocator started or its
 * configuration changed.
 */
public enum CacheFlushChoice {
  /** libpmem if it is installed, else the JDK's, else none. */
  auto,
  /** libpmem or none. */
  libpmem,
  /** The JDK's write-back (JEP 352) or none. */
  jdk,
  /** None: blocks on DAX files are persisted with msync(2), DAX devices are refused. */
  none;

  private static final Logger LOG = LoggerFactory.getLogger(CacheFlushChoice.class);

  /**
   * Returns the choice that a configuration names. Blanks at its ends are ignored. An empty text is
   * {@link #auto}; so is an unknown one, with a warning, since a component that failed to start
   * would report nothing.
   */
  static CacheFlushChoice of(String text) {
    String name = text.strip();
    for (CacheFlushChoice choice : values()) {
      if (choice.name().equals(name)) {
        return choice;
      }
    }
    if (!name.isEmpty()) {
      LOG.warn(
          "configuration {}: cache.flush={} is not among the choices: write auto, libpmem, jdk or"
              + " none; going on with auto",
          DaxRamBlockAllocator.PID,
          name);
    }
    return auto;
  }

  Optional<CacheFlush> choose() {
    return switch (this) {
      case auto -> CacheFlushes.libpmem().or(CacheFlushes::jdk);
      case libpmem -> CacheFlushes.libpmem();
      case jdk -> CacheFlushes.jdk();
      case none -> Optional.empty();
    };
  }

  /**
   * Looks up why {@link #choose} finds none.
   *
   * @return the reason as half a sentence; empty if it finds one
   */
  Optional<String> obstacle() {
    return switch (this) {
      case auto ->
          CacheFlushes.libpmemObstacle()
              .flatMap(one -> CacheFlushes.jdkObstacle().map(other -> one + ", and " + other));
      case libpmem ->
          CacheFlushes.libpmemObstacle().map(why -> "cache.flush=libpmem is set, and " + why);
      case jdk -> CacheFlushes.jdkObstacle().map(why -> "cache.flush=jdk is set, and " + why);
      case none -> Optional.of("cache.flush=none is set");
    };
  }

  /** Returns how blocks are mapped and flushed by this choice. */
  MappingStyle style(String allocator) {
    return choose()
        .map(flush -> MappingStyle.pmem(allocator, flush))
        .orElseGet(() -> MappingStyle.pmemWithoutFlush(allocator, obstacle().orElseThrow()));
  }
}
