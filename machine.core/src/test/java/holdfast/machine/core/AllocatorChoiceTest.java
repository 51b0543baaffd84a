package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackingLockedException;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.RegionState;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** With which allocator a region is opened: the first in OSGi's order that takes it. */
class AllocatorChoiceTest {
  private final RegionFixture there = new RegionFixture();

  @AfterEach
  void close() {
    there.close();
  }

  @Test
  void theHighestRankingIsChosen() throws Exception {
    there.addFile();
    there.addDax();

    Region region = there.open(RegionFixture.SHARED);

    assertEquals("dax", region.status().allocator());
    assertEquals(RegionState.ATTACHED, region.state());
    assertEquals("", region.status().note());
    assertSame(there.dax.made().getFirst(), region.status().block());
    assertEquals(List.of(), there.file.made());
  }

  @Test
  void ofEqualRankingsTheOlderServiceIsChosen() throws Exception {
    FakeAllocator younger = new FakeAllocator("younger", Granularity.PAGE);
    there.candidates.add(younger, younger.properties(5, 0));
    there.addFile();

    assertEquals("file", there.open(RegionFixture.SHARED).status().allocator());
  }

  @Test
  void whoDoesNotAcceptTheBlockIsPassedOver() throws Exception {
    there.dax.accepting(spec -> spec.has(RamFlag.RAM_PMEM));
    there.addFile();
    there.addDax();

    assertEquals("file", there.open(RegionFixture.SHARED).status().allocator());
  }

  @Test
  void whoDoesNotMatchTheFilterIsPassedOver() throws Exception {
    there.addFile();
    there.addDax();

    Region region = there.open(RegionFixture.SHARED, RegionFixture.filter("(backend.kind=file)"));

    assertEquals("file", region.status().allocator());
    assertEquals("(backend.kind=file)", region.filter().text());
  }

  @Test
  @DisplayName("with no allocator at all the sentence names backend, file and what to start")
  void withoutAllocatorThereIsNoRegion() {
    NoAllocatorException refusal =
        assertThrows(NoAllocatorException.class, () -> there.open(RegionFixture.SHARED));

    assertTrue(refusal.getMessage().contains("'nv0' on /nv"), refusal.getMessage());
    assertTrue(refusal.getMessage().contains("none is registered"), refusal.getMessage());
    assertTrue(refusal.getMessage().contains("holdfast.backend.file"), refusal.getMessage());
  }

  @Test
  @DisplayName("with allocators that don't take the block the sentence says which are there")
  void withoutFittingAllocatorTheSentenceNamesThoseThere() {
    there.file.accepting(spec -> false);
    there.addFile();

    NoAllocatorException refusal =
        assertThrows(NoAllocatorException.class, () -> there.open(RegionFixture.SHARED));

    assertTrue(refusal.getMessage().contains("file (ranking 0)"), refusal.getMessage());
  }

  @Test
  @DisplayName("what the best allocator can't make is not tried with the next: it would weaken it")
  void aFailedAllocationIsTold() {
    there.dax.beforeAllocate(
        spec -> {
          throw new BackingLockedException(spec);
        });
    there.addFile();
    there.addDax();

    assertThrows(BackingLockedException.class, () -> there.open(RegionFixture.SHARED));
    assertEquals(List.of(), there.file.made());

    there.candidates.remove(there.dax);
    assertEquals(List.of(), there.told, "a region that was not opened follows nobody");
  }

  @Test
  @DisplayName("an allocator that came while the block was made is not overlooked")
  void aBetterAllocatorThatCameMeanwhileTakesOver() throws Exception {
    there.file.beforeAllocate(spec -> there.addDax());
    there.addFile();

    assertEquals("dax", there.open(RegionFixture.SHARED).status().allocator());
  }
}
