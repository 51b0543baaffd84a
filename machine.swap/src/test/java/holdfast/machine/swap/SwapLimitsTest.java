package holdfast.machine.swap;

import static holdfast.machine.swap.SwapFaults.SIZE;
import static holdfast.machine.swap.SwapFaults.assertUntouched;
import static holdfast.machine.swap.SwapFaults.path;
import static holdfast.machine.swap.SwapFaults.there;
import static holdfast.machine.swap.SwapFaults.withoutKernelTracking;
import static holdfast.machine.swap.SwapFixture.LIMITS;
import static holdfast.machine.swap.SwapFixture.RAM0;
import static holdfast.machine.swap.SwapFixture.assertDone;
import static holdfast.machine.swap.SwapFixture.assertRolledBack;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapReport;
import holdfast.machine.copy.PausedWriter;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a swap may cost, and what is refused, on tmpfs. */
@Timeout(120)
class SwapLimitsTest {
  @Test
  @DisplayName("not more bytes a second are copied than the limit lets")
  void bandwidth() throws Exception {
    try (SwapFixture fixture = new SwapFixture(4 << 20, Place.TMPFS)) {
      fixture.fill();
      long limit = 16 << 20;
      long before = System.nanoTime();
      SwapReport report = fixture.swap(there(fixture), LIMITS.withBandwidth(new ByteSize(limit)));
      double seconds = (System.nanoTime() - before) / 1e9;
      assertDone(report);
      assertTrue(report.copied().bytes() / seconds <= limit, seconds + " s for " + report);
    }
  }

  @Test
  @DisplayName("a guest that writes faster than can be copied makes the swap give up, and say so")
  void noConvergence() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      MemorySegment segment = fixture.region().segment();
      fixture.steps =
          step -> {
            if (step == Step.FIRST_ROUND || step == Step.LATER_ROUND) {
              fixture.fill();
            }
          };
      SwapReport report =
          fixture.swap(there(fixture), LIMITS.withDowntime(Duration.ZERO).withRounds(2));
      assertRolledBack(report, "after 2 rounds writers would still have to pause for");
      assertRolledBack(report, "more than the downtime limit of 0 ms: raise the limit");
      assertUntouched(fixture, segment);
    }
  }

  @Test
  @DisplayName("memory that can't be tracked is not copied in a pause above the downtime limit")
  void tooLongAPause() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      withoutKernelTracking(fixture);
      fixture.writers.add(new PausedWriter("vcpu0"));
      SwapException refused =
          assertThrows(
              SwapException.class,
              () -> fixture.start(there(fixture), LIMITS.withDowntime(Duration.ZERO)));
      assertTrue(
          ("" + refused.getMessage()).contains("more than the downtime limit of 0 ms"),
          refused.getMessage());
      assertDone(fixture.swap(there(fixture), LIMITS));
    }
  }

  @Test
  @DisplayName("read-only memory is refused when it is planned")
  void readOnly() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      Map<String, String> changes = new LinkedHashMap<>(there(fixture));
      changes.put("readonly", "on");
      SwapException refused =
          assertThrows(SwapException.class, () -> fixture.swaps.plan(RAM0, changes, LIMITS));
      assertTrue(("" + refused.getMessage()).contains("readonly=on"), refused.getMessage());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  @DisplayName("discard-data throws away what is left if the old memory had it, not the new one")
  void discardData(boolean old) throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.ANONYMOUS)) {
      Map<String, String> first = new LinkedHashMap<>(Place.TMPFS.properties(fixture, 0));
      first.put("discard-data", old ? "on" : "off");
      assertDone(fixture.swap(first, LIMITS));
      fixture.fill();
      Map<String, String> second = new LinkedHashMap<>(there(fixture));
      second.put("discard-data", old ? "off" : "on");
      assertDone(fixture.swap(second, LIMITS));
      fixture.assertFilled();
      ByteBuffer left = ByteBuffer.wrap(Files.readAllBytes(path(fixture, 0)));
      assertEquals(old, left.equals(ByteBuffer.allocate(SIZE)), "the old file is zero");
    }
  }

  @Test
  @DisplayName("a file that another machine uses is refused, and gets no note beside it")
  void aFileInUse() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS);
        SwapFixture other = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      Map<String, String> changes = new LinkedHashMap<>(there(fixture));
      changes.put("mem-path", path(other, 0).toString());
      SwapReport report = fixture.swap(changes, LIMITS);
      assertRolledBack(report, path(other, 0).toString());
      assertEquals(Set.of("tmpfs0"), other.files());
      assertUntouched(fixture, fixture.region().segment());
    }
  }
}
