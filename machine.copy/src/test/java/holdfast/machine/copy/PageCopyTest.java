package holdfast.machine.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.SwapLimits;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a copy leaves to be written back while it goes on. */
class PageCopyTest {
  private static final long MIB = 1 << 20;

  @Test
  @DisplayName("large ranges are written back behind the copy, each byte once; small ones are not")
  void writtenBackBehind() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = arena.allocate(24 * MIB).fill((byte) 7);
      MemorySegment to = arena.allocate(24 * MIB);
      List<String> behind = new ArrayList<>();
      List<Long> copied = new ArrayList<>();
      PageCopy copy =
          new PageCopy(
              from, to, SidesTest.through(to), SwapLimits.DEFAULT, new Cancellation(), copied::add);
      DirtyRanges ranges = new DirtyRanges();
      ranges.add(0, 17 * MIB);
      ranges.add(18 * MIB, 4096);
      ranges.add(20 * MIB, 4 * MIB);
      copy.copyThrottled(
          ranges,
          (offset, length) -> {
            assertTrue(to.asSlice(offset, length).mismatch(from.asSlice(offset, length)) < 0);
            behind.add(offset / MIB + "+" + length / MIB);
          });
      assertEquals(List.of("0+8", "8+8"), behind);
      assertEquals(ranges.bytes(), copied.stream().mapToLong(Long::longValue).sum());
    }
  }
}
