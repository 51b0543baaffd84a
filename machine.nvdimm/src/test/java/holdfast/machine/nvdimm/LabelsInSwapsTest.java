package holdfast.machine.nvdimm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.host.testkit.Storage;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapReport;
import holdfast.machine.core.Holdfast;
import holdfast.machine.nvdimm.labels.DsmPage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Real swaps of a region under label writes. */
@Timeout(300)
class LabelsInSwapsTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int LABEL = 128 << 10;
  private static final int SWAPS = 6;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @DisplayName(
      "a region that is swapped, again and again, carries its labels: each write that was acknowledged before, during or after a swap is in the file that counts")
  void carried(boolean disk) throws Exception {
    Path folder = disk ? Storage.disk().newFolder() : Storage.tmpfs().newFolder();
    Path file = folder.resolve("0");
    LabelWritingVcpu vcpu;
    try {
      try (Holdfast machine = new NvdimmMachine().file(file, "label-size=128K").open();
          NvdimmDsm dsm = NvdimmDsm.open(machine.memory(), FitReader.NONE)) {
        MemorySegment shared =
            machine.memory().segment(new GuestAddress(0x5000), new ByteSize(4096));
        DsmPage page = new DsmPage(dsm, shared);
        vcpu =
            new LabelWritingVcpu(
                (offset, number) -> {
                  page.page().set(ValueLayout.JAVA_LONG_UNALIGNED, 20, number);
                  assertEquals(0, page.ask(1, 1, 6, offset, 8));
                });
        machine.addWriter(vcpu);
        vcpu.start();
        for (int swap = 1; swap <= SWAPS; swap++) {
          long before = vcpu.writes();
          file = folder.resolve("" + swap);
          SwapReport report = swap(machine, file);
          assertEquals(SwapPhase.DONE, report.phase(), report::reason);
          assertTrue(vcpu.pause(LIMIT));
          vcpu.check(NvdimmMachine.find(machine, "nv0").label().orElseThrow());
          vcpu.resume();
          assertTrue(vcpu.writes() > before, "no label was written during the swap");
        }
        vcpu.stop(LIMIT);
        machine.removeWriter(vcpu);
      }
      try (Holdfast machine = new NvdimmMachine().file(file, "label-size=128K").open();
          NvdimmDsm dsm = NvdimmDsm.open(machine.memory(), FitReader.NONE)) {
        byte[] label = new DsmPage(dsm).read(1, 0, LABEL);
        vcpu.check(MemorySegment.ofArray(label));
      }
    } finally {
      Storage.remove(folder);
    }
  }

  private static SwapReport swap(Holdfast machine, Path file) throws Exception {
    SwapLimits limits =
        SwapLimits.DEFAULT
            .withDowntime(Duration.ofSeconds(30))
            .withPause(Duration.ofSeconds(30))
            .withOverwrite(true);
    return machine
        .swaps()
        .start(new BackendId("m0"), Map.of("mem-path", file.toString()), limits)
        .await(LIMIT);
  }
}
