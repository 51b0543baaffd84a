package holdfast.machine.nvdimm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.host.testkit.Storage;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestWriter;
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
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
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

  /** A vCPU that writes nothing but labels, each with a number of its own. */
  private static final class Vcpu implements GuestWriter {
    private static final int PLACES = 200;
    private static final int STRIDE = 613;

    private final DsmPage page;
    private final long[] acknowledged = new long[PLACES];
    private final Semaphore running = new Semaphore(1, true);
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private volatile boolean stopped;
    private volatile long writes;
    private final Thread thread = Thread.ofPlatform().daemon().unstarted(this::run);

    Vcpu(DsmPage page) {
      this.page = page;
    }

    @SuppressWarnings("IllegalCatch") // the test is to judge it
    private void run() {
      Random random = new Random(1);
      try {
        for (long number = 1; !stopped; number++) {
          running.acquireUninterruptibly();
          try {
            int place = random.nextInt(PLACES);
            page.page().set(ValueLayout.JAVA_LONG_UNALIGNED, 20, number);
            assertEquals(0, page.ask(1, 1, 6, place * STRIDE, 8));
            acknowledged[place] = number;
            writes = number;
          } finally {
            running.release();
          }
        }
      } catch (Throwable e) {
        failure.set(e);
      }
    }

    /** That each acknowledged label is in the area. */
    void check(MemorySegment label) {
      for (int place = 0; place < PLACES; place++) {
        assertEquals(
            acknowledged[place],
            label.get(ValueLayout.JAVA_LONG_UNALIGNED, (long) place * STRIDE),
            "place " + place);
      }
    }

    @Override
    public String name() {
      return "vcpu0";
    }

    @Override
    public boolean pause(Duration limit) throws InterruptedException {
      return running.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void resume() {
      running.release();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @DisplayName(
      "a region that is swapped, again and again, carries its labels: each write that was acknowledged before, during or after a swap is in the file that counts")
  void carried(boolean disk) throws Exception {
    Path folder = disk ? Storage.disk().newFolder() : Storage.tmpfs().newFolder();
    Path file = folder.resolve("0");
    Vcpu vcpu;
    try {
      try (Holdfast machine = new NvdimmMachine().file(file, "label-size=128K").open();
          NvdimmDsm dsm = NvdimmDsm.open(machine.memory(), FitReader.NONE)) {
        MemorySegment shared =
            machine.memory().segment(new GuestAddress(0x5000), new ByteSize(4096));
        vcpu = new Vcpu(new DsmPage(dsm, shared));
        machine.addWriter(vcpu);
        vcpu.thread.start();
        for (int swap = 1; swap <= SWAPS; swap++) {
          long before = vcpu.writes;
          file = folder.resolve("" + swap);
          SwapReport report = swap(machine, file);
          assertEquals(SwapPhase.DONE, report.phase(), report::reason);
          assertTrue(vcpu.pause(LIMIT));
          vcpu.check(NvdimmMachine.find(machine, "nv0").label().orElseThrow());
          vcpu.resume();
          assertTrue(vcpu.writes > before, "no label was written during the swap");
        }
        vcpu.stopped = true;
        assertTrue(vcpu.thread.join(LIMIT));
        machine.removeWriter(vcpu);
        assertNull(vcpu.failure.get());
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
