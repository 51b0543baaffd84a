package holdfast.machine.core;

import static holdfast.machine.core.RegionFixture.block;
import static holdfast.machine.core.RegionFixture.filter;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.machine.api.RegionState;
import holdfast.machine.config.AllocatorFilter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** An open region follows the allocators that come, change and go, and never loses its memory. */
class FollowingAllocatorsTest {
  private final RegionFixture there = new RegionFixture();

  @AfterEach
  void close() {
    there.close();
  }

  private static void assertStatus(
      Region region, RegionState state, String allocator, String note) {
    Region.Status status = region.status();
    assertEquals(state, status.state());
    assertEquals(allocator, status.allocator());
    assertEquals(note, status.note());
    assertTrue(block(region).isCurrent(), "the region holds the block that stands in the window");
  }

  private static void assertDetached(Region region) {
    assertStatus(region, RegionState.DETACHED, "", "no allocator that takes it is there");
    assertEquals(Granularity.PAGE, region.durability().obtained());
  }

  private static void assertAttached(Region region, String allocator) {
    assertStatus(region, RegionState.ATTACHED, allocator, "");
  }

  @Test
  void aBetterAllocatorTakesOver() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    MemorySegment before = region.segment();
    before.set(ValueLayout.JAVA_LONG, 0, 42);

    there.addDax();

    assertAttached(region, "dax");
    assertEquals(Granularity.CACHE_LINE, region.durability().obtained());
    assertEquals(EnumSet.of(RamFlag.RAM_SHARED, RamFlag.RAM_SYNC), region.obtained());
    assertSame(before, region.segment());
    assertEquals(42, region.segment().get(ValueLayout.JAVA_LONG, 0));
  }

  @Test
  void aLesserAllocatorChangesNothing() throws Exception {
    there.addDax();
    Region region = there.open(RegionFixture.SHARED);

    there.addFile();
    there.candidates.remove(there.file);

    assertAttached(region, "dax");
    assertEquals(1, there.dax.made().size());
    assertEquals(List.of(), there.told);
  }

  @Test
  void whenItsOwnLeavesTheNextTakesOver() throws Exception {
    there.addFile();
    there.addDax();
    Region region = there.open(RegionFixture.SHARED);

    there.candidates.remove(there.dax);

    assertAttached(region, "file");
    assertEquals(Granularity.PAGE, region.durability().obtained());
  }

  @Test
  void whenTheLastLeavesItIsDetachedAndServes() throws Exception {
    there.addDax();
    Region region = there.open(RegionFixture.SHARED);
    MemorySegment before = region.segment();

    there.candidates.remove(there.dax);

    assertDetached(region);
    assertSame(before, region.segment());
    assertEquals(Granularity.PAGE, region.persist(0, 4096));
  }

  @Test
  @DisplayName("who comes back after a detachment maps the memory again, in its own way")
  void whoComesBackTakesItUpAgain() throws Exception {
    there.addDax();
    Region region = there.open(RegionFixture.SHARED);
    there.candidates.remove(there.dax);

    there.addFile();
    assertAttached(region, "file");
    there.addDax();
    assertAttached(region, "dax");
    assertEquals(2, there.dax.made().size());
  }

  @Test
  void aChangeOfRankingIsFollowed() throws Exception {
    there.addFile();
    there.addDax();
    Region region = there.open(RegionFixture.SHARED);

    there.candidates.update(there.file, there.file.properties(1, 200));
    assertAttached(region, "file");
    there.candidates.update(there.file, there.file.properties(1, -1));
    assertAttached(region, "dax");
  }

  @Test
  @DisplayName("a change of the properties of its own allocator alone re-maps nothing")
  void aChangeOfItsOwnPropertiesChangesNothing() throws Exception {
    there.addDax();
    Region region = there.open(RegionFixture.SHARED);

    there.candidates.update(there.dax, there.dax.properties(2, 50));

    assertAttached(region, "dax");
    assertEquals(1, there.dax.made().size());
    assertEquals(List.of(), there.told);
  }

  @Test
  @DisplayName("the same object registered anew is another service, and maps the memory again")
  void aServiceRegisteredAnewIsAnotherOne() throws Exception {
    there.addDax();
    Region region = there.open(RegionFixture.SHARED);

    there.candidates.update(there.dax, there.dax.properties(9, 100));

    assertAttached(region, "dax");
    assertEquals(2, there.dax.made().size());
  }

  @Test
  @DisplayName("a refused re-map leaves the block with its allocator, and the note says why")
  void aRefusedRemapStaysWithANote() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    FakeBlock before = block(region);

    there.dax.beforeRemap(RegionFixture.refusing("it is not on a DAX file system"));
    there.addDax();

    assertStatus(
        region,
        RegionState.ATTACHED,
        "file",
        "dax (ranking 100) can't take it over: "
            + new RemapRefusedException(RegionFixture.SHARED, "it is not on a DAX file system")
                .getMessage());
    assertSame(before, block(region));

    there.candidates.remove(there.dax);
    assertAttached(region, "file");
    assertSame(before, block(region), "nothing but the note changed");
  }

  @Test
  void whoRefusedOnceIsAskedAgainAtTheNextChange() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    there.dax.beforeRemap(RegionFixture.refusing("not now"));
    there.addDax();

    there.dax.beforeRemap(spec -> {});
    there.candidates.update(there.dax, there.dax.properties(2, 101));

    assertAttached(region, "dax");
  }

  @Test
  @DisplayName("when the best refuses, the next better one is tried before the present one stays")
  void theNextCandidateIsTried() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    FakeAllocator best = new FakeAllocator("best", Granularity.BYTE);
    best.beforeRemap(RegionFixture.refusing("no"));
    there.candidates.add(best, best.properties(3, 1000));

    there.addDax();

    assertEquals("dax", region.status().allocator());
    assertTrue(region.status().note().startsWith("best (ranking 1000) can't take it over: "));
  }

  @Test
  @DisplayName("a detached region that nobody can take over stays detached, and says why")
  void whenAllRefuseItStaysDetached() throws Exception {
    there.addDax();
    Region region = there.open(RegionFixture.SHARED);
    there.candidates.remove(there.dax);
    FakeBlock detached = block(region);

    there.file.beforeRemap(RegionFixture.refusing("no"));
    there.addFile();

    assertEquals(RegionState.DETACHED, region.state());
    assertTrue(region.status().note().startsWith("file (ranking 0) can't take it over: "));
    assertSame(detached, block(region));
  }

  @Test
  @DisplayName("when its own leaves and the rest refuses, it is detached")
  void whenTheRestRefusesItIsDetached() throws Exception {
    there.addFile();
    there.addDax();
    Region region = there.open(RegionFixture.SHARED);
    there.file.beforeRemap(RegionFixture.refusing("no"));

    there.candidates.remove(there.dax);

    assertEquals(RegionState.DETACHED, region.state());
    assertEquals("", region.status().allocator());
    assertTrue(region.status().note().startsWith("file (ranking 0) can't take it over: "));
    assertTrue(block(region).isCurrent());
  }

  @Test
  @DisplayName("a private block is never re-mapped: it stays where it is, with the reason")
  void aPinnedBlockStays() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.PRIVATE);
    FakeBlock before = block(region);

    there.addDax();

    assertStatus(
        region,
        RegionState.ATTACHED,
        "file",
        "dax (ranking 100) can't take it over: it is private");
    assertSame(before, block(region));
    assertEquals(List.of(), there.dax.made());
  }

  @Test
  @DisplayName("a private block goes back to an allocator of the kind that made it, not to another")
  void aDetachedPinnedBlockGoesBackToItsOwnKind() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.PRIVATE);
    there.candidates.remove(there.file);
    assertDetached(region);
    FakeBlock detached = block(region);

    there.addDax();
    assertEquals(RegionState.DETACHED, region.state());
    assertEquals("dax (ranking 100) can't take it over: it is private", region.status().note());

    there.addFile();
    assertEquals(RegionState.ATTACHED, region.state());
    assertEquals("file", region.status().allocator());
    assertSame(detached, block(region), "nothing was mapped again");
    assertEquals(1, there.file.made().size());
  }

  @Test
  void aWishForAnotherAllocatorIsFollowedAtOnce() throws Exception {
    there.addFile();
    there.addDax();
    Region region = there.open(RegionFixture.SHARED);

    region.use(filter("(backend.kind=file)"));
    assertAttached(region, "file");
    assertEquals("(backend.kind=file)", region.filter().text());
    assertEquals(1, region.eligible(filter("(backend.kind=dax)")));
    assertEquals(0, region.eligible(filter("(backend.kind=nvram)")));

    region.use(AllocatorFilter.ANY);
    assertAttached(region, "dax");
    assertEquals("", region.filter().text());
  }

  @Test
  @DisplayName("a wish that nobody matches detaches; who matches later takes it up")
  void aWishForAnAbsentAllocatorWaitsForIt() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);

    region.use(filter("(backend.kind=dax)"));
    assertDetached(region);

    there.addDax();
    assertAttached(region, "dax");
  }

  @Test
  void aClosedRegionFollowsNobody() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);

    region.close();
    there.addDax();
    region.use(filter("(backend.kind=dax)"));

    assertEquals(FakeBlock.End.CLOSED, block(region).end());
    assertEquals(List.of(), there.dax.made());
    assertEquals(List.of(), there.told);
    assertFalse(region.segment().scope().isAlive());
  }

  @Test
  void aDiscardedRegionTakesItsFileBack() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);

    region.discard();

    assertEquals(FakeBlock.End.DISCARDED, block(region).end());
  }
}
