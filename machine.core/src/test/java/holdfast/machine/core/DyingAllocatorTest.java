package holdfast.machine.core;

import static holdfast.machine.core.RegionFixture.block;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.MappingException;
import holdfast.backend.api.RetiredBlockException;
import holdfast.machine.api.RegionState;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A bundle can go away under its own code: whatever it throws then, the regions keep serving. */
@Timeout(30)
class DyingAllocatorTest {
  private final RegionFixture there = new RegionFixture();

  @AfterEach
  void close() {
    there.close();
  }

  static Stream<Named<FakeAllocator.Step>> deaths() {
    return Stream.of(
        Named.of("a RuntimeException", spec -> fail(new IllegalStateException("gone"))),
        Named.of("a LinkageError", spec -> fail(new NoClassDefFoundError("gone"))),
        Named.of(
            "a MappingException",
            spec -> {
              throw new MappingException(spec, "mmap", "ENOMEM", "gone");
            }));
  }

  static Stream<Named<Runnable>> uncheckedDeaths() {
    return Stream.of(
        Named.of("a RuntimeException", () -> fail(new IllegalStateException("gone"))),
        Named.of("a LinkageError", () -> fail(new NoClassDefFoundError("gone"))));
  }

  private static void fail(RuntimeException e) {
    throw e;
  }

  private static void fail(Error e) {
    throw e;
  }

  @ParameterizedTest
  @MethodSource("deaths")
  @DisplayName("thrown by a re-map: the old block serves on, and the note says what was thrown")
  void aRemapThatThrowsLeavesTheOldBlock(FakeAllocator.Step death) throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    FakeBlock before = block(region);

    there.dax.beforeRemap(death);
    there.addDax();

    assertSame(before, block(region));
    assertEquals("file", region.status().allocator());
    assertTrue(region.status().note().startsWith("dax (ranking 100) can't take it over: "));
    assertTrue(region.status().note().contains("gone"), region.status().note());
  }

  @ParameterizedTest
  @MethodSource("deaths")
  @DisplayName("thrown by the only one left: detached, and taken up by whoever comes")
  void theOnlyOneLeftThrows(FakeAllocator.Step death) throws Exception {
    there.addFile();
    there.addDax();
    Region region = there.open(RegionFixture.SHARED);

    there.file.beforeRemap(death);
    there.candidates.remove(there.dax);
    assertEquals(RegionState.DETACHED, region.state());

    there.addDax();
    assertEquals("dax", region.status().allocator());
  }

  @ParameterizedTest
  @MethodSource("uncheckedDeaths")
  @DisplayName("thrown by accepts(): it counts as a no, for this region and for the others")
  void acceptsThatThrowsIsANo(Runnable death) throws Exception {
    there.addFile();
    there.addDax();
    Region first = there.open(RegionFixture.SHARED);
    Region second = there.open(RegionFixture.SHARED);

    there.dax.accepting(
        spec -> {
          death.run();
          return true;
        });
    there.candidates.update(there.dax, there.dax.properties(2, 99));

    assertEquals("file", first.status().allocator());
    assertEquals("file", second.status().allocator());
    assertThrows(
        NoAllocatorException.class,
        () -> there.open(RegionFixture.SHARED, RegionFixture.filter("(backend.kind=dax)")));
  }

  @Test
  @DisplayName(
      "a block lost by an allocator that broke its promise is an error, not an endless loop")
  void aLostBlockIsToldAndNotAskedForEver() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    there.dax.afterRetiring(spec -> fail(new NoClassDefFoundError("gone")));

    there.addDax();

    assertThrows(RetiredBlockException.class, () -> region.persist(0, 1));
  }
}
