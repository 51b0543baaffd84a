package holdfast.host.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** That a guest at work notices what must not happen. */
@Timeout(60)
class LiveAccessTest {
  private static final long SIZE = 8192;

  @Test
  @DisplayName("memory that is left alone satisfies the guest")
  void memoryThatIsLeftAlone() {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(SIZE, 8);
      LiveAccess guest = LiveAccess.over(memory);
      guest.awaitProgress();
      guest.close();
      guest.assertHeldBy(memory);
      memory.set(ValueLayout.JAVA_LONG, 512, 0);
      assertThrows(AssertionError.class, () -> guest.assertHeldBy(memory));
    }
  }

  @Test
  @DisplayName("a byte that changes by itself is noticed by the reader")
  void aChangedByte() {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(SIZE, 8);
      LiveAccess guest = LiveAccess.over(memory);
      memory.set(ValueLayout.JAVA_BYTE, 1024, (byte) 0x7E);
      assertThrows(AssertionError.class, () -> awaitNotice(guest));
      assertThrows(AssertionError.class, guest::close);
    }
  }

  @Test
  @DisplayName("a store that is lost is noticed by the writer")
  void aLostStore() {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(SIZE, 8);
      LiveAccess guest = LiveAccess.over(memory);
      memory.set(ValueLayout.JAVA_LONG, SIZE / 2 + 512, -1);
      assertThrows(AssertionError.class, () -> awaitNotice(guest));
      assertThrows(AssertionError.class, guest::close);
    }
  }

  private static void awaitNotice(LiveAccess guest) {
    for (int round = 0; round < 3; round++) {
      guest.awaitProgress();
    }
  }

  @Test
  @DisplayName("memory that is taken away throws both threads out, and that is told")
  void memoryThatIsTakenAway() {
    Arena arena = Arena.ofShared();
    LiveAccess guest = LiveAccess.over(arena.allocate(SIZE, 8));
    arena.close();
    guest.awaitEnd();
    assertEquals(2, guest.ends().size());
    guest.ends().forEach(end -> assertInstanceOf(IllegalStateException.class, end));
    assertThrows(AssertionError.class, guest::close);
  }
}
