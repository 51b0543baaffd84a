package holdfast.backend.api;

import static holdfast.backend.api.RamFlag.RAM_NORESERVE;
import static holdfast.backend.api.RamFlag.RAM_PMEM;
import static holdfast.backend.api.RamFlag.RAM_READONLY;
import static holdfast.backend.api.RamFlag.RAM_SHARED;
import static holdfast.backend.api.RamFlag.RAM_SYNC;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RamBlockSpecTest {
  private static final BackendId ID = new BackendId("nv_be4");
  private static final Backing FILE = new Backing.File(Path.of("/pmem/nv"));
  private static final NumaBinding NODES =
      new NumaBinding(NumaPolicy.BIND, new TreeSet<>(Set.of(0, 1)));
  private static final MemoryAdvice QUIET = new MemoryAdvice(false, false, true);

  private static RamBlockSpec spec(RamFlag... flags) {
    return RamBlockSpec.of(ID, FILE, ByteSize.mib(256), List.of(flags));
  }

  @Test
  @DisplayName("a block without wishes: page alignment, no preallocation, policy warn")
  void defaults() {
    RamBlockSpec spec = spec(RAM_SHARED);
    assertEquals(Alignment.PAGE_SIZE, spec.align());
    assertEquals(Preallocation.NONE, spec.prealloc());
    assertEquals(NumaBinding.NONE, spec.numa());
    assertEquals(MemoryAdvice.DEFAULT, spec.advice());
    assertEquals(ByteSize.ZERO, spec.offset());
    assertEquals(DurabilityPolicy.WARN, spec.policy());
  }

  @Test
  @DisplayName("each wish is changed alone")
  void eachWishIsChangedAlone() {
    RamBlockSpec spec = spec(RAM_SHARED);
    Alignment wide = new Alignment(128 << 20);
    assertEquals(
        new RamBlockSpec(
            ID,
            FILE,
            ByteSize.mib(256),
            wide,
            EnumSet.of(RAM_SHARED),
            Preallocation.ALL,
            NODES,
            QUIET,
            DurabilityPolicy.REQUIRE),
        spec.withAlign(wide)
            .withPrealloc(Preallocation.ALL)
            .withNuma(NODES)
            .withAdvice(QUIET)
            .withPolicy(DurabilityPolicy.REQUIRE));
    assertNotEquals(spec, spec.withPrealloc(Preallocation.ALL));
    assertEquals(ByteSize.mib(1), spec.withSize(ByteSize.mib(1)).size());
  }

  @Test
  @DisplayName("a block begins at its file's offset, and can't end behind the end of all files")
  void theOffset() {
    Backing behind = new Backing.File(Path.of("/pmem/nv"), ByteSize.mib(2), false);
    assertEquals(ByteSize.mib(2), RamBlockSpec.of(ID, behind, ByteSize.mib(1), List.of()).offset());
    Backing last = new Backing.File(Path.of("/f"), new ByteSize(Long.MAX_VALUE - 4096), false);
    String sentence =
        assertThrows(
                IllegalArgumentException.class,
                () -> RamBlockSpec.of(ID, last, ByteSize.mib(1), List.of()))
            .getMessage();
    assertTrue(sentence.contains("offset=") && sentence.contains("size=1M"), sentence);
  }

  @Test
  @DisplayName("pages can't be made present and not be set aside")
  void preallocationNeedsReservation() {
    RamBlockSpec spec = spec(RAM_NORESERVE);
    assertThrows(IllegalArgumentException.class, () -> spec.withPrealloc(Preallocation.ALL));
  }

  @Test
  @DisplayName("nodes need a policy, a policy needs nodes, preallocation needs a thread")
  void contradictions() {
    TreeSet<Integer> nodes = new TreeSet<>(Set.of(0));
    for (Executable mistake :
        List.<Executable>of(
            () -> new NumaBinding(NumaPolicy.DEFAULT, nodes),
            () -> new NumaBinding(NumaPolicy.BIND, new TreeSet<>()),
            () -> new NumaBinding(NumaPolicy.BIND, new TreeSet<>(Set.of(-1))),
            () -> new Preallocation(true, OptionalInt.of(0)))) {
      assertThrows(IllegalArgumentException.class, mistake);
    }
    NumaBinding bound = new NumaBinding(NumaPolicy.INTERLEAVE, nodes);
    nodes.add(1);
    assertEquals(Set.of(0), bound.hostNodes());
  }

  @Test
  @DisplayName("the flags can't be changed from outside, before or after")
  void theFlagsCannotBeChanged() {
    EnumSet<RamFlag> mine = EnumSet.of(RAM_SHARED);
    RamBlockSpec spec = RamBlockSpec.of(ID, FILE, ByteSize.mib(1), mine);
    mine.add(RAM_PMEM);
    spec.flags().add(RAM_READONLY);
    assertEquals(EnumSet.of(RAM_SHARED), spec.flags());
    assertTrue(spec.has(RAM_SHARED));
    assertFalse(spec.has(RAM_PMEM));
  }

  @Test
  @DisplayName("a block of no bytes and a request for RAM_SYNC can't even be written down")
  void impossibleBlocks() {
    assertThrows(
        IllegalArgumentException.class,
        () -> RamBlockSpec.of(ID, FILE, ByteSize.ZERO, List.of(RAM_SHARED)));
    assertThrows(IllegalRamFlagsException.class, () -> spec(RAM_SYNC, RAM_SHARED, RAM_PMEM));
    assertThrows(
        IllegalRamFlagsException.class,
        () -> RamBlockSpec.of(ID, new Backing.Anonymous(), ByteSize.mib(1), List.of(RAM_PMEM)));
  }

  @ParameterizedTest(name = "shared {0}, pmem {1}, readonly {2}, {3}: {4}, sync wanted {5}")
  @CsvSource({
    "true,  true,  false, WARN,    cache-line, true",
    "true,  true,  false, REQUIRE, cache-line, true",
    "true,  true,  false, OFF,     none,       false",
    "true,  true,  true,  WARN,    none,       true",
    "true,  false, false, WARN,    page,       false",
    "true,  false, false, REQUIRE, page,       false",
    "true,  false, false, OFF,     none,       false",
    "true,  false, true,  WARN,    none,       false",
    "false, true,  false, WARN,    none,       false",
    "false, true,  false, REQUIRE, none,       false",
    "false, false, false, WARN,    none,       false"
  })
  @DisplayName("what flags and policy ask for: a granularity, and MAP_SYNC or not")
  void whatIsAskedFor(
      boolean shared,
      boolean pmem,
      boolean readOnly,
      DurabilityPolicy policy,
      String granularity,
      boolean sync) {
    EnumSet<RamFlag> flags = EnumSet.noneOf(RamFlag.class);
    if (shared) {
      flags.add(RAM_SHARED);
    }
    if (pmem) {
      flags.add(RAM_PMEM);
    }
    if (readOnly) {
      flags.add(RAM_READONLY);
    }
    RamBlockSpec spec = RamBlockSpec.of(ID, FILE, ByteSize.mib(1), flags).withPolicy(policy);
    assertEquals(granularity, spec.requestedGranularity().label());
    assertEquals(sync, spec.wantsSync());
  }

  @ParameterizedTest
  @EnumSource(DurabilityPolicy.class)
  @DisplayName("of anonymous memory no durability is asked, whatever the policy")
  void anonymousMemoryIsAskedForNoDurability(DurabilityPolicy policy) {
    RamBlockSpec spec =
        RamBlockSpec.of(ID, new Backing.Anonymous(), ByteSize.mib(1), List.of(RAM_SHARED))
            .withPolicy(policy);
    assertEquals(Granularity.NONE, spec.requestedGranularity());
    assertFalse(spec.wantsSync());
  }
}
