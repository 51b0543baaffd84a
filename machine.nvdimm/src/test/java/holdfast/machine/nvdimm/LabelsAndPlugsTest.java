package holdfast.machine.nvdimm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.host.testkit.Storage;
import holdfast.machine.core.Holdfast;
import holdfast.machine.nvdimm.labels.DsmPage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Devices that come and go while a guest asks for their labels. */
@Timeout(300)
class LabelsAndPlugsTest {
  private static final int CYCLES = 25;
  private static final int VCPUS = 2;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Asks for the labels of slot 0, and remembers each status. */
  private static final class Vcpu implements Runnable {
    private final DsmPage page;
    private final Set<Integer> statuses;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile boolean stopped;

    Vcpu(NvdimmDsm dsm, Set<Integer> statuses) {
      this.page = new DsmPage(dsm);
      this.statuses = statuses;
    }

    @Override
    @SuppressWarnings("IllegalCatch") // the test is to judge it
    public void run() {
      try {
        for (int round = 0; !stopped; round++) {
          statuses.add(page.ask(1, 1, 5, round % 1000, 4076));
          statuses.add(page.ask(1, 1, 6, round % 1000, 4076));
          int functions = page.ask(1, 1, 0);
          assertTrue(functions == 0 || functions == 0x71, "" + functions);
        }
      } catch (Throwable e) {
        failure.set(e);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @DisplayName(
      "while an NVDIMM is plugged, unplugged and its memory taken away again and again, each request"
          + " for its labels is done or told that there is no device, and nothing is thrown")
  void comingAndGoing(boolean file) throws Exception {
    Path folder = Storage.tmpfs().newFolder();
    Set<Integer> statuses = new ConcurrentSkipListSet<>();
    List<Vcpu> vcpus = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    try (Holdfast machine = new NvdimmMachine().open();
        NvdimmDsm dsm = NvdimmDsm.open(machine.memory(), FitReader.NONE)) {
      for (int number = 0; number < VCPUS; number++) {
        Vcpu vcpu = new Vcpu(dsm, statuses);
        vcpus.add(vcpu);
        threads.add(Thread.ofPlatform().daemon().start(vcpu));
      }
      for (int cycle = 0; cycle < CYCLES; cycle++) {
        if (file) {
          String path = folder.resolve("nv").toString();
          machine
              .admin()
              .addObject(
                  "memory-backend-file",
                  Map.of("id", "m", "size", "1M", "share", "on", "mem-path", path));
        } else {
          machine.admin().addObject("memory-backend-ram", Map.of("id", "m", "size", "1M"));
        }
        machine
            .admin()
            .plug("nvdimm", Map.of("id", "nv", "memdev", "m", "label-size", "128K", "slot", "0"));
        machine.admin().unplug("nv");
        machine.admin().removeObject("m");
      }
      vcpus.forEach(vcpu -> vcpu.stopped = true);
      for (Thread thread : threads) {
        assertTrue(thread.join(LIMIT));
      }
      for (Vcpu vcpu : vcpus) {
        assertNull(vcpu.failure.get());
      }
      assertEquals(new TreeSet<>(Set.of(0, 2)), new TreeSet<>(statuses));
    } finally {
      Storage.remove(folder);
    }
  }
}
