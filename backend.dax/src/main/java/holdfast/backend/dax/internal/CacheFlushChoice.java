package holdfast.backend.dax.internal;

import holdfast.backend.mmap.CacheFlush;
import holdfast.backend.mmap.MappingStyle;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which code writes back CPU caches; chosen when the allocator starts. */
public enum CacheFlushChoice {
  /** libpmem where it is installed, else the JDK's, else none. */
  auto,
  /** libpmem or none. */
  libpmem,
  /** The JDK's write-back (JEP 352) or none. */
  jdk,
  /** None: blocks on DAX files are persisted with msync(2), DAX devices are refused. */
  none;

  private static final Logger LOG = LoggerFactory.getLogger(CacheFlushChoice.class);

  /**
   * The choice that a configuration names. Blanks at its ends are no part of it, and an empty one
   * is none at all; what names no choice is told, and is {@link #auto}: a component that failed to
   * start would tell nobody.
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
      case auto -> CacheFlush.libpmem().or(CacheFlush::jdk);
      case libpmem -> CacheFlush.libpmem();
      case jdk -> CacheFlush.jdk();
      case none -> Optional.empty();
    };
  }

  /** Why {@link #choose} found none, as half a sentence. */
  String whyNone() {
    return switch (this) {
      case auto -> CacheFlush.whyNoLibpmem() + ", and " + CacheFlush.whyNoJdk();
      case libpmem -> "cache.flush=libpmem is set, and " + CacheFlush.whyNoLibpmem();
      case jdk -> "cache.flush=jdk is set, and " + CacheFlush.whyNoJdk();
      case none -> "cache.flush=none is set";
    };
  }

  /** How blocks are mapped and flushed by this choice. */
  MappingStyle style(String allocator) {
    return choose()
        .map(flush -> MappingStyle.pmem(allocator, flush))
        .orElseGet(() -> MappingStyle.pmemWithoutFlush(allocator, whyNone()));
  }
}
