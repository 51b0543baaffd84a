package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class RecordingCacheFlushTest {
  private final RecordingCacheFlush caches = new RecordingCacheFlush();

  @Test
  @DisplayName("a range touches every line that one of its bytes is in")
  void linesOfARange() {
    assertEquals(List.of(0L), RecordingCacheFlush.linesOf(new AddressRange(0, 1)));
    assertEquals(List.of(0L), RecordingCacheFlush.linesOf(new AddressRange(63, 64)));
    assertEquals(List.of(0L, 64L), RecordingCacheFlush.linesOf(new AddressRange(63, 65)));
    assertEquals(List.of(64L, 128L), RecordingCacheFlush.linesOf(new AddressRange(64, 192)));
    assertEquals(List.of(), RecordingCacheFlush.linesOf(new AddressRange(64, 64)));
  }

  @Test
  @DisplayName(
      "what is flushed and not drained is not durable; a drain of another thread is no help")
  void undrained() throws InterruptedException {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(128, 64);
      long line = memory.address();
      caches.flush(memory);
      assertEquals(List.of(line, line + 64), caches.flushed());
      Thread other = Thread.ofPlatform().start(caches::drain);
      assertTrue(other.join(Duration.ofSeconds(10)));
      assertEquals(List.of(line, line + 64), caches.undrained());
      caches.drain();
      assertEquals(List.of(), caches.undrained());
      assertEquals(2, caches.drains());
      caches.flush(memory.asSlice(64));
      assertEquals(List.of(line, line + 64, line + 64), caches.flushed(), "flushed twice shows");
      caches.forget();
      assertEquals(List.of(), caches.flushed());
    }
  }
}
