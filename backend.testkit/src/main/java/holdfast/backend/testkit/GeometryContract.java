package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.testkit.AddressRange;
import holdfast.host.testkit.HostMapping;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Tests a block's size, its alignment, and the guard page behind it. */
interface GeometryContract extends Contract {

  @Test
  @DisplayName("the segment has the size asked for, at an address of the alignment asked for")
  default void theSegmentHasTheSizeAndTheAlignmentAskedFor() throws RamBlockException {
    long page = fixture().libc().getpagesize();
    for (long wish : new long[] {0, page, 1 << 21, 1 << 27}) {
      RamBlockSpec spec =
          fixture()
              .spec(fixture().folder().resolve("aligned"), RamFlag.RAM_SHARED)
              .withAlign(new Alignment(wish));
      try (RamBlock block = fixture().allocator().allocate(spec)) {
        assertEquals(AllocatorFixture.SIZE.bytes(), block.segment().byteSize());
        assertEquals(new ByteSize(page), block.pageSize());
        assertEquals(new Alignment(Math.max(wish, page)), block.align());
        assertTrue(
            block.align().divides(block.segment().address()),
            () -> block.segment() + " for align=" + spec.align());
      }
    }
  }

  @Test
  @DisplayName("one page that nobody can access follows the block, and all else is given back")
  default void aGuardPageFollowsTheBlock() throws RamBlockException {
    long page = fixture().libc().getpagesize();
    RamBlockSpec spec =
        fixture()
            .spec(fixture().folder().resolve("guarded"), RamFlag.RAM_SHARED)
            .withAlign(new Alignment(1 << 27));
    try (RamBlock block = fixture().allocator().allocate(spec)) {
      long from = block.segment().address();
      long end = from + block.segment().byteSize();
      HostMapping guard = HostMapping.at(end).orElseThrow();
      assertEquals("---p", guard.permissions());
      assertEquals("", guard.path());
      assertEquals(end, HostMapping.at(from).orElseThrow().range().to());
      assertEquals(List.of(new AddressRange(from, end + page)), fixture().libc().mapped());
    }
  }
}
