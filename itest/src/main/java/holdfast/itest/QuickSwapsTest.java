package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.host.testkit.Storage;
import holdfast.machine.api.LiveSwap;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Swaps in quick succession, each of which is written into the configuration: ConfigAdmin tells of
 * a configuration later than it is written, when others may be in force. On memory.
 */
class QuickSwapsTest extends LiveMachineTest {
  private static final String M0 = "holdfast.memory.backend.file~m0";
  private static final BackendId ID = new BackendId("m0");
  private static final int SWAPS = 400;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @Override
  Storage storage() {
    return Storage.tmpfs();
  }

  @Test
  @DisplayName(
      "a region moves only when it is told to, however late its own configuration is heard of")
  void noGhosts() throws Exception {
    List<Path> files =
        List.of(machine.folder().resolve("a.img"), machine.folder().resolve("b.img"));
    machine.configure(
        M0, Map.of("id", "m0", "size", "4M", "share", "on", "mem-path", files.get(0).toString()));
    machine.configure(
        MachineFixture.MACHINE,
        Map.of("nvdimm", "on", "size", "1M", "slots", "1", "maxmem", "1G", "objects", "m0"));
    machine.awaitUp();
    LiveSwap swaps = context.getService(context.getServiceReference(LiveSwap.class));
    for (int number = 1; number <= SWAPS; number++) {
      Path target = files.get(number % 2);
      SwapReport report =
          swaps
              .start(
                  ID, Map.of("mem-path", target.toString()), SwapLimits.DEFAULT.withOverwrite(true))
              .await(LIMIT);
      assertEquals(SwapPhase.DONE, report.phase(), report.reason());
      assertEquals(number, report.number(), "between them it was swapped by somebody else");
    }
    // what is told of this last is heard after all that was told before
    machine.run("ram:set m0 dump off");
    Await.until("swapped no more", () -> swaps.running(ID).isPresent(), isRunning -> !isRunning);
    assertEquals(SWAPS, swaps.history(ID).getFirst().number());
    Path last = files.get(SWAPS % 2);
    assertTrue(machine.run("ram:show m0").contains("backing       " + last));
    assertEquals(last.toString(), machine.configured(M0).get("mem-path"));
  }
}
