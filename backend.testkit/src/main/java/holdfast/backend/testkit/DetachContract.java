package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RetiredBlockException;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.LiveAccess;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Tests a block whose allocator goes away. */
interface DetachContract extends Contract {

  @Test
  @DisplayName("a detached block is the same memory, persisted by the kernel")
  default void aDetachedBlockIsPersistedByTheKernel() throws RamBlockException, IOException {
    RamBlockSpec spec = fixture().spec(fixture().file("detached"), RamFlag.RAM_SHARED);
    RamBlock present = fixture().allocator().allocate(spec);
    HostMapping before = HostMapping.at(present.segment().address()).orElseThrow();
    try (RamBlock detached = present.detach()) {
      assertSame(present.segment(), detached.segment());
      assertEquals(spec, detached.spec());
      assertEquals(present.obtained(), detached.obtained());
      HostMapping after = HostMapping.at(present.segment().address()).orElseThrow();
      assertEquals(before.vmFlags(), after.vmFlags());
      Granularity least = fixture().storage().isVolatile() ? Granularity.NONE : Granularity.PAGE;
      assertEquals(least, detached.durability().obtained());
      fixture().libc().forget();
      detached.persist(5000, 10);
      assertEquals(
          least == Granularity.NONE ? 0 : 1, fixture().libc().made(SystemCall.MSYNC).size());
    }
  }

  @Test
  @DisplayName("detaching disturbs no guest, retires the block, and closing that does nothing")
  default void aDetachedBlockTakesThePlaceOfThePresentOne() throws RamBlockException, IOException {
    Path path = fixture().folder().resolve("detached");
    RamBlock present = fixture().allocator().allocate(fixture().spec(path, RamFlag.RAM_SHARED));
    try (LiveAccess guest = LiveAccess.over(present.segment())) {
      RamBlock detached = present.detach();
      guest.awaitProgress();
      present.close();
      guest.awaitProgress();
      assertThrows(RetiredBlockException.class, () -> present.persist(0, 1));
      assertThrows(RetiredBlockException.class, present::detach);
      guest.close();
      guest.assertHeldBy(detached.segment());
      detached.close();
    }
    assertEquals(AllocatorFixture.SIZE.bytes(), Files.size(path));
  }

  @Test
  @DisplayName("the next allocator picks a detached block up")
  default void aDetachedBlockCanBePickedUp() throws RamBlockException, IOException {
    RamBlockSpec spec = fixture().spec(fixture().file("detached"), RamFlag.RAM_SHARED);
    RamBlock present = fixture().allocator().allocate(spec);
    MemorySegment segment = present.segment();
    try (RamBlock next = fixture().allocator().remap(present.detach())) {
      assertSame(segment, next.segment());
      assertEquals(fixture().expectedFlags(spec), next.obtained());
      assertEquals(fixture().expectedGranularity(spec), next.durability().obtained());
    }
  }

  @Test
  @DisplayName("a private block can be detached too, and keeps its stores")
  default void aPrivateBlockCanBeDetached() throws RamBlockException, IOException {
    RamBlock present = fixture().allocator().allocate(fixture().spec(fixture().file("private")));
    present.segment().fill((byte) 9);
    try (RamBlock detached = present.detach()) {
      assertTrue(
          MemorySegment.ofArray(AllocatorFixture.bytesOf(detached.segment()))
                  .mismatch(detached.segment())
              == -1);
      assertEquals(9, detached.segment().get(ValueLayout.JAVA_BYTE, 0));
      detached.persist(0, 1);
    }
    assertEquals(List.of(), fixture().leaks().leaks());
  }
}
