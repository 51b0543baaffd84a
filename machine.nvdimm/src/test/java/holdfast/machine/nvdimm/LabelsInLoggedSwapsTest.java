package holdfast.machine.nvdimm;

import static holdfast.machine.swap.SwapFixture.LIMIT;
import static holdfast.machine.swap.SwapFixture.LIMITS;
import static holdfast.machine.swap.SwapFixture.assertDone;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.SystemCall;
import holdfast.machine.swap.Place;
import holdfast.machine.swap.SwapFixture;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real swaps under label writes on a host whose kernel tracks no stores. */
@Timeout(120)
class LabelsInLoggedSwapsTest {
  private static final int LABEL = 128 << 10;
  private static final int SWAPS = 6;

  @Test
  @DisplayName(
      "where only the writers' logs tell what was stored, a log that is told of label stores is"
          + " enough for a swap to carry the labels")
  void carried() throws Exception {
    try (SwapFixture fixture = new SwapFixture(FakeNvdimm.SIZE, Place.DISK)) {
      fixture.libc.with(Fault.ofEvery(SystemCall.USERFAULTFD, Errno.EPERM));
      fixture.libc.with(Fault.ofEvery(SystemCall.IOCTL_USERFAULTFD_NEW, Errno.EPERM));
      LabelWritingVcpu.Log log = new LabelWritingVcpu.Log();
      FakeNvdimm device = new FakeNvdimm(fixture.region(), LABEL);
      LabelArea area = LabelArea.of(device, log).orElseThrow();
      LabelWritingVcpu vcpu =
          new LabelWritingVcpu(
              (offset, number) -> {
                byte[] bytes = new byte[8];
                ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).putLong(number);
                assertEquals(LabelOutcome.DONE, area.write(offset, bytes));
              },
              log);
      fixture.writers.add(vcpu);
      vcpu.start();
      MemorySegment label = device.label().orElseThrow();
      for (int swap = 1; swap <= SWAPS; swap++) {
        assertDone(fixture.swap(Place.DISK.properties(fixture, swap), LIMITS));
        assertTrue(vcpu.pause(LIMIT));
        vcpu.check(label);
        vcpu.resume();
      }
      vcpu.stop(LIMIT);
      fixture.writers.remove(vcpu);
      assertTrue(log.collected > 0, "the log was not asked");
    }
  }
}
