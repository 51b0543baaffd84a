package holdfast.machine.core;

import static holdfast.machine.core.RegionFixture.block;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.PersistException;
import holdfast.backend.api.PreallocationException;
import holdfast.backend.api.RemapRefusedException;
import holdfast.backend.api.WriteBackFailure;
import holdfast.machine.api.RegionState;
import holdfast.machine.config.AllocatorFilter;
import java.time.Duration;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A write-back that failed fails the region, wherever it is met. */
@Timeout(60)
class RegionWriteBackTest {
  private final RegionFixture there = new RegionFixture();

  @AfterEach
  void close() {
    there.close();
  }

  /** That it has failed for good, with the kernel's words, and was told as that and once. */
  private void assertFailed(Region region, WriteBackFailure failure) {
    assertEquals(RegionState.FAILED, region.state());
    assertTrue(region.status().note().contains(failure.sentence()), region.status()::note);
    assertEquals(1, there.told.size(), () -> there.told.toString());
    assertEquals(RegionState.FAILED, there.told.getFirst().state());
    PersistException refused = assertThrows(PersistException.class, () -> region.persist(0, 1));
    assertTrue(refused.getMessage().contains("it has failed before"), refused::getMessage);
    FakeBlock before = block(region);
    there.addDax();
    region.use(AllocatorFilter.ANY);
    assertSame(before, block(region), "a failed region is not re-mapped");
    assertEquals(1, there.told.size());
  }

  @Test
  @DisplayName("in a re-map, which is refused for it")
  void inARemap() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    FakeBlock block = block(region);
    there.dax.beforeRemap(
        spec -> {
          WriteBackFailure told = block.lose();
          throw new PersistException(spec, 0, 8192, told.call(), told.errno());
        });

    there.addDax();

    assertFailed(region, block.writeBackFailure().orElseThrow());
  }

  @Test
  @DisplayName("in a re-map that goes well, by whoever was told")
  void inARemapThatGoesWell() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    FakeBlock block = block(region);
    there.dax.beforeRemap(spec -> block.lose());

    there.addDax();

    assertFailed(region, block.writeBackFailure().orElseThrow());
  }

  @Test
  @DisplayName("when an allocator's bundle stops and another takes over")
  void whenAnAllocatorStops() throws Exception {
    there.addFile();
    there.addDax();
    Region region = there.open(RegionFixture.SHARED);
    FakeBlock block = block(region);
    there.file.beforeRemap(
        spec -> {
          WriteBackFailure told = block.lose();
          throw new PersistException(spec, 0, 8192, told.call(), told.errno());
        });

    there.candidates.remove(there.dax);

    assertFailed(region, block.writeBackFailure().orElseThrow());
  }

  @Test
  @DisplayName("when the last allocator goes and the region is detached")
  void whenItIsDetached() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    WriteBackFailure told = block(region).lose();

    there.candidates.remove(there.file);

    assertFailed(region, told);
  }

  @Test
  @DisplayName("in a preallocation, whether it goes well or not")
  void inAPreallocation() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    WriteBackFailure told = block(region).lose();

    region.preallocate(OptionalInt.empty());

    assertFailed(region, told);
  }

  @Test
  @DisplayName("in a preallocation that fails")
  void inAPreallocationThatFails() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    WriteBackFailure told = block(region).lose();
    block(region).breakDisk();

    assertThrows(PreallocationException.class, () -> region.preallocate(OptionalInt.empty()));

    assertFailed(region, told);
  }

  @Test
  @DisplayName("in the exchange of a swap, which leaves everything where it is")
  void inASwap() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    RegionLease lease = region.acquire(Duration.ofSeconds(1)).orElseThrow();
    FakeBlock next = (FakeBlock) there.file.allocate(RegionFixture.SHARED);
    WriteBackFailure told = block(region).lose();
    Candidate maker = region.best(RegionFixture.SHARED).orElseThrow();

    assertThrows(RemapRefusedException.class, () -> lease.install(next, maker));
    lease.close();
    next.close();

    assertFailed(region, told);
  }

  @Test
  @DisplayName("what nobody was told of, when it is asked for")
  void whatNobodyWasToldOf() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    region.checkWriteBack();
    assertEquals(RegionState.ATTACHED, region.state());
    WriteBackFailure told = block(region).lose();

    region.checkWriteBack();

    assertFailed(region, told);
  }
}
