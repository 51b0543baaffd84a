package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.backend.mmap.style.CacheFlush;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The two real ways to write back CPU caches, on ordinary memory. */
class CacheFlushTest {

  @Test
  @DisplayName("libpmem's flush takes ranges of any alignment and changes no byte")
  void libpmem() {
    assumeTrue(
        CacheFlushes.libpmem().isPresent(), "libpmem.so.1 is not installed (Debian: libpmem1)");
    CacheFlush caches = CacheFlushes.libpmem().orElseThrow();
    assertTrue(caches.describe().contains("libpmem.so.1"));
    checkFlush(caches);
  }

  @Test
  @DisplayName("the JDK's write-back takes ranges of any alignment and changes no byte")
  void jdk() {
    assumeTrue(isExported(), "--add-exports java.base/jdk.internal.misc=ALL-UNNAMED is not given");
    assumeTrue(CacheFlushes.jdk().isPresent(), "this CPU has no write-back that the JDK uses");
    CacheFlush caches = CacheFlushes.jdk().orElseThrow();
    assertTrue(caches.describe().contains("JEP 352"));
    assertFalse(caches.platformFlushesCaches());
    checkFlush(caches);
  }

  @Test
  @DisplayName("the JDK's write-back is there on every amd64 JVM that exports it, else it is not")
  void jdkIsThereWhereExported() {
    if (isExported() && System.getProperty("os.arch").equals("amd64")) {
      assertTrue(CacheFlushes.jdk().isPresent());
    }
    if (!isExported()) {
      assertTrue(CacheFlushes.jdk().isEmpty());
    }
    assertEquals(CacheFlushes.jdk(), CacheFlushes.jdk(), "bound once");
  }

  private static boolean isExported() {
    return Object.class.getModule().isExported("jdk.internal.misc", CacheFlush.class.getModule());
  }

  private static void checkFlush(CacheFlush caches) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(8192, 64);
      memory.fill((byte) 0x5A);
      MemorySegment before = MemorySegment.ofArray(memory.toArray(ValueLayout.JAVA_BYTE));
      caches.flush(memory);
      caches.flush(memory.asSlice(63, 2));
      caches.flush(memory.asSlice(8191, 1));
      caches.drain();
      assertEquals(-1, memory.mismatch(before));
    }
  }
}
