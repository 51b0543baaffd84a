package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import holdfast.backend.api.Granularity;
import holdfast.machine.api.RegionState;
import holdfast.machine.config.AllocatorFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The listener of a region is called once for each change, when it is made, and free to call. */
@Timeout(60)
class RegionListenerTest {
  private final RegionFixture there = new RegionFixture();
  private final ExecutorService other = Executors.newSingleThreadExecutor();

  @AfterEach
  void close() {
    other.shutdownNow();
    there.close();
  }

  @Test
  void openingIsNoChange() throws Exception {
    there.addFile();
    there.open(RegionFixture.SHARED);

    assertEquals(List.of(), there.told);
  }

  @Test
  @DisplayName("one call for each of: re-mapped, re-mapped, detached, attached, note, note gone")
  void eachChangeIsToldOnce() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);

    there.addDax();
    there.candidates.remove(there.dax);
    there.candidates.remove(there.file);
    there.addFile();
    there.dax.beforeRemap(RegionFixture.refusing("no"));
    there.addDax();
    there.candidates.remove(there.dax);

    assertEquals(
        List.of("dax", "file", "", "file", "file", "file"),
        there.told.stream().map(Region.Status::allocator).toList());
    assertEquals(RegionState.DETACHED, there.told.get(2).state());
    assertSame(region.status(), there.told.getLast());
  }

  @Test
  @DisplayName("a change that leaves everything as it is is not told")
  void whatChangesNothingIsNotTold() throws Exception {
    there.addFile();
    there.addDax();
    Region region = there.open(RegionFixture.SHARED);

    there.candidates.update(there.file, there.file.properties(1, 5));
    region.use(RegionFixture.filter("(backend.kind=*)"));
    region.use(AllocatorFilter.ANY);
    there.candidates.remove(there.file);

    assertEquals(List.of(), there.told);
  }

  @Test
  @DisplayName("no lock is held: another thread can use the region while the listener is called")
  void noLockIsHeldWhileTelling() throws Exception {
    List<Granularity> persisted = new ArrayList<>();
    Consumer<Region> listener =
        region -> {
          try {
            other.submit(region::filter).get(30, TimeUnit.SECONDS);
            other.submit(() -> region.use(AllocatorFilter.ANY)).get(30, TimeUnit.SECONDS);
            persisted.add(other.submit(() -> region.persist(0, 1)).get(30, TimeUnit.SECONDS));
          } catch (Exception e) {
            throw new AssertionError("the region's lock is held", e);
          }
        };
    there.addFile();
    Region region =
        Region.open(RegionFixture.SHARED, there.candidates, AllocatorFilter.ANY, listener);
    try {
      there.addDax();
      there.candidates.remove(there.dax);

      assertEquals(List.of(Granularity.CACHE_LINE, Granularity.PAGE), persisted);
    } finally {
      region.close();
    }
  }

  @Test
  @DisplayName("a listener that changes the region again ends in the last state, each change told")
  void aListenerMayChangeTheRegion() throws Exception {
    List<String> told = new ArrayList<>();
    Consumer<Region> listener =
        region -> {
          told.add(region.status().allocator());
          region.use(RegionFixture.filter("(backend.kind=file)"));
        };
    there.addFile();
    Region region =
        Region.open(RegionFixture.SHARED, there.candidates, AllocatorFilter.ANY, listener);
    try {
      there.addDax();

      assertEquals(List.of("dax", "file"), told);
      assertEquals("file", region.status().allocator());
    } finally {
      region.close();
    }
  }
}
