package holdfast.backend.mmap.style;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.mmap.FlushOracle;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** An allocator's decisions about its mappings. */
class MappingStyleTest {
  private static final CacheFlush CACHES = new FlushOracle();

  @Test
  @DisplayName("a style has a cache flush or says why it has none, never neither and never both")
  void eitherAFlushOrAReason() {
    Optional<CacheFlush> flush = Optional.of(CACHES);
    Optional<String> reason = Optional.of("there is none");
    assertEquals(flush, new MappingStyle("dax", true, flush, Optional.empty()).cacheFlush());
    assertEquals(reason, new MappingStyle("dax", true, Optional.empty(), reason).flushObstacle());
    assertThrows(
        IllegalArgumentException.class, () -> new MappingStyle("dax", true, flush, reason));
    assertThrows(
        IllegalArgumentException.class,
        () -> new MappingStyle("dax", true, Optional.empty(), Optional.empty()));
  }
}
