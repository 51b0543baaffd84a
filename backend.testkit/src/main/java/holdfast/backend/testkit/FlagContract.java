package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.Durability;
import holdfast.backend.api.DurabilityException;
import holdfast.backend.api.DurabilityPolicy;
import holdfast.backend.api.Evidence;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.testkit.HostMapping;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Tests what is requested and obtained, for every combination of flags and policy. */
interface FlagContract extends Contract {

  @TestFactory
  @DisplayName(
      "every combination of flags and policy gets exactly what this host can give, or none")
  default Stream<DynamicTest> everyCombinationIsAnsweredTruthfully() {
    List<DynamicTest> tests = new ArrayList<>();
    for (DurabilityPolicy policy : DurabilityPolicy.values()) {
      for (EnumSet<RamFlag> flags : requestableFlags()) {
        tests.add(dynamicTest(flags + " " + policy, () -> checkCombination(flags, policy)));
      }
    }
    return tests.stream();
  }

  private static List<EnumSet<RamFlag>> requestableFlags() {
    List<EnumSet<RamFlag>> sets = new ArrayList<>();
    sets.add(EnumSet.noneOf(RamFlag.class));
    for (RamFlag flag : EnumSet.complementOf(EnumSet.of(RamFlag.RAM_SYNC))) {
      for (EnumSet<RamFlag> without : List.copyOf(sets)) {
        EnumSet<RamFlag> with = EnumSet.copyOf(without);
        with.add(flag);
        sets.add(with);
      }
    }
    sets.removeIf(
        set ->
            set.contains(RamFlag.RAM_SHARED)
                && set.contains(RamFlag.RAM_READONLY_FD)
                && !set.contains(RamFlag.RAM_READONLY));
    return sets;
  }

  private void checkCombination(EnumSet<RamFlag> flags, DurabilityPolicy policy)
      throws RamBlockException, IOException {
    Path path = fixture().file("combination");
    RamBlockSpec spec =
        RamBlockSpec.of(new BackendId("mem0"), new Backing.File(path), AllocatorFixture.SIZE, flags)
            .withPolicy(policy);
    if (!fixture().allocator().accepts(spec)) {
      assertThrows(IllegalArgumentException.class, () -> fixture().allocator().allocate(spec));
    } else if (!fixture().isAllowed(spec)) {
      DurabilityException refusal = fixture().assertRefused(DurabilityException.class, spec);
      assertEquals(fixture().expectedGranularity(spec), refusal.durability().obtained());
    } else {
      try (RamBlock block = fixture().allocator().allocate(spec)) {
        assertEquals(spec, block.spec());
        checkObtained(spec, block);
        checkDurability(spec, block.durability());
      }
    }
    assertEquals(List.of(), fixture().leaks().leaks());
    Files.delete(path);
  }

  private void checkObtained(RamBlockSpec spec, RamBlock block) {
    HostMapping seen = HostMapping.at(block.segment().address()).orElseThrow();
    String permissions =
        (spec.has(RamFlag.RAM_READONLY) ? "r--" : "rw-")
            + (spec.has(RamFlag.RAM_SHARED) ? "s" : "p");
    assertAll(
        () -> assertEquals(fixture().expectedFlags(spec), block.obtained()),
        () -> assertEquals(permissions, seen.permissions(), "the kernel's view"),
        () ->
            assertEquals(
                block.obtained().contains(RamFlag.RAM_SYNC),
                seen.vmFlags().contains("sf"),
                "the kernel's view of MAP_SYNC"),
        () -> {
          block.obtained().clear();
          assertEquals(fixture().expectedFlags(spec), block.obtained(), "obtained() is no copy");
        });
  }

  private void checkDurability(RamBlockSpec spec, Durability durability) {
    Evidence evidence = durability.evidence();
    assertAll(
        () -> assertEquals(spec.requestedGranularity(), durability.requested()),
        () -> assertEquals(fixture().expectedGranularity(spec), durability.obtained()),
        () ->
            assertEquals(
                durability.obtained().compareTo(durability.requested()) < 0,
                durability.isShortfall()),
        () -> assertFalse(durability.reason().isBlank(), "no reason"),
        () -> assertFalse(evidence.mmap().isBlank(), "no evidence of mmap"),
        () -> assertFalse(evidence.vmFlags().isBlank(), "no evidence in VmFlags"),
        () -> assertFalse(evidence.persist().isBlank(), "no word on how to persist"),
        () -> assertFalse(evidence.fileSystem().isBlank(), "no file system"));
  }
}
