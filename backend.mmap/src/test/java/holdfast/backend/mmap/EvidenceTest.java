package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.HostLook;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** When the VmFlags of a mapping are read, and that they are always the kernel's own. */
@Timeout(60)
class EvidenceTest {
  private static final String NOT_LOOKED_AT = "(not looked at)";
  private static final MemoryAdvice NOT_DUMPED = new MemoryAdvice(true, false, false);

  private static String decidedOn(RamBlock block) {
    return block.durability().evidence().vmFlags();
  }

  private static String shownByKernel(RamBlock block) throws IOException {
    return String.join(" ", HostMapping.at(block.segment().address()).orElseThrow().vmFlags());
  }

  @Test
  @DisplayName("a verdict on MAP_SYNC rests on VmFlags that were read of that very mapping")
  void acceptedFlagsAreLookedAt() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.simulatedDax());
        RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), bench.pmem)) {
      assertTrue(block.obtained().contains(RamFlag.RAM_SYNC));
      assertEquals(shownByKernel(block), decidedOn(block));
      assertEquals(block.durability().evidence(), block.evidence());
    }
  }

  @Test
  @DisplayName("without MAP_SYNC they are read when somebody asks, and are those of that moment")
  void othersAreLookedAtWhenAsked() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk())) {
      for (MappingStyle style : List.of(Bench.KERNEL, bench.pmem)) {
        try (RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), style)) {
          assertEquals(NOT_LOOKED_AT, decidedOn(block));
          assertEquals(shownByKernel(block), block.evidence().vmFlags());
          assertFalse(block.evidence().vmFlags().contains("dd"));
          block.advise(NOT_DUMPED);
          assertTrue(block.evidence().vmFlags().contains("dd"));
          assertEquals(shownByKernel(block), block.evidence().vmFlags());
        }
      }
    }
  }

  @Test
  @DisplayName("a refused MAP_SYNC leaves nothing in VmFlags to rest on, so they are not read")
  void refusedFlagsAreNotLookedAt() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.simulatedDax());
        LogCapture quiet = new LogCapture()) {
      bench.libc.with(Fault.ofMmapWith(bench.libc.constants().mapSync(), Errno.EOPNOTSUPP));
      try (RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), bench.pmem)) {
        assertFalse(block.obtained().contains(RamFlag.RAM_SYNC));
        assertEquals(NOT_LOOKED_AT, decidedOn(block));
        assertEquals(shownByKernel(block), block.evidence().vmFlags());
      }
    }
  }

  @Test
  @DisplayName("one look at many blocks finds the flags of each, as looks at each alone do")
  void oneLookAtMany() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk());
        RamBlock one = bench.mapper().map(Bench.pmemSpec(bench.file("one")), Bench.KERNEL);
        RamBlock two = bench.mapper().map(Bench.pmemSpec(bench.file("two")), Bench.KERNEL)) {
      two.advise(NOT_DUMPED);
      HostLook look = new HostLook();
      assertEquals(one.evidence(), one.evidence(look));
      assertEquals(two.evidence(), two.evidence(look));
      assertTrue(two.evidence(look).vmFlags().contains("dd"));
    }
  }

  @Test
  @DisplayName("a block that was mapped after the look began is looked at on its own")
  void aLookBeforeItsTime() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk());
        RamBlock old = bench.mapper().map(Bench.pmemSpec(bench.file("old")), Bench.KERNEL)) {
      HostLook look = new HostLook();
      old.evidence(look);
      try (RamBlock young = bench.mapper().map(Bench.pmemSpec(bench.file("new")), Bench.KERNEL)) {
        assertEquals(shownByKernel(young), young.evidence(look).vmFlags());
      }
    }
  }

  @Test
  @DisplayName("of a block that is gone, nothing is shown but what its verdict rests on")
  void aBlockThatIsGone() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk())) {
      RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), Bench.KERNEL);
      HostLook look = new HostLook();
      block.evidence(look);
      block.close();
      assertEquals(NOT_LOOKED_AT, block.evidence().vmFlags());
      assertEquals(NOT_LOOKED_AT, block.evidence(look).vmFlags());
    }
  }
}
