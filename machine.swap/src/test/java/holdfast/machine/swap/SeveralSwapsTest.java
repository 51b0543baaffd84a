package holdfast.machine.swap;

import static holdfast.machine.swap.SwapFaults.SIZE;
import static holdfast.machine.swap.SwapFaults.path;
import static holdfast.machine.swap.SwapFaults.there;
import static holdfast.machine.swap.SwapFixture.LIMITS;
import static holdfast.machine.swap.SwapFixture.RAM0;
import static holdfast.machine.swap.SwapFixture.assertDone;
import static holdfast.machine.swap.SwapFixture.assertRolledBack;
import static holdfast.machine.swap.SwapFixture.end;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.copy.PausedWriter;
import holdfast.machine.core.Backend;
import holdfast.machine.core.MachineException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several regions that are swapped at the same time, on tmpfs. */
@Timeout(120)
class SeveralSwapsTest {
  @Test
  @DisplayName("regions are swapped at the same time, each one once")
  void severalRegions() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.MEMFD, Place.ANONYMOUS, Place.MEMFD)) {
      fixture.fill();
      CyclicBarrier all = new CyclicBarrier(3);
      AtomicReference<String> refusal = new AtomicReference<>("");
      fixture.at(
          Step.FIRST_ROUND,
          () -> {
            try {
              if (all.await(60, TimeUnit.SECONDS) == 0) {
                SwapException again =
                    assertThrows(
                        SwapException.class,
                        () -> fixture.swaps.start(RAM0, there(fixture), LIMITS));
                refusal.set("" + again.getMessage());
              }
              all.await(60, TimeUnit.SECONDS);
            } catch (Exception e) {
              throw new IOException(e);
            }
          });
      List<SwapTask> tasks = new ArrayList<>();
      for (int number = 0; number < 3; number++) {
        Map<String, String> changes = new LinkedHashMap<>(there(fixture));
        changes.put("mem-path", fixture.folder.resolve("all" + number).toString());
        BackendId id = new BackendId("ram" + number);
        tasks.add((SwapTask) fixture.swaps.start(id, changes, LIMITS));
      }
      for (SwapTask task : tasks) {
        assertDone(end(task));
      }
      assertTrue(refusal.get().contains("a swap of it is under way"), refusal.get());
      fixture.assertFilled();
    }
  }

  @Test
  @DisplayName("regions that switch at the same time share a writer's pause: it is asked once")
  void oneWriterForTwo() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.MEMFD, Place.MEMFD)) {
      fixture.fill();
      PausedWriter writer = new PausedWriter("vcpu0");
      fixture.writers.add(writer);
      CyclicBarrier both = new CyclicBarrier(2);
      fixture.at(
          Step.LAST_COPY,
          () -> {
            try {
              both.await(60, TimeUnit.SECONDS);
            } catch (Exception e) {
              throw new IOException(e);
            }
            assertTrue(writer.paused);
          });
      RunningSwap first = fixture.start(there(fixture), LIMITS);
      RunningSwap second =
          fixture.swaps.start(
              new BackendId("ram1"), Place.ANONYMOUS.properties(fixture, 1), LIMITS);
      assertDone(end(first));
      assertDone(end(second));
      assertEquals(List.of("pause", "resume"), writer.calls);
      fixture.assertFilled();
    }
  }

  @Test
  @DisplayName("two regions are not swapped to one file")
  void oneTargetForTwo() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS, Place.MEMFD)) {
      fixture.fill();
      RunningSwap first = fixture.start(there(fixture), LIMITS.withBandwidth(new ByteSize(1)));
      BackendId other = new BackendId("ram1");
      SwapException refused =
          assertThrows(
              SwapException.class, () -> fixture.swaps.start(other, there(fixture), LIMITS));
      assertTrue(
          ("" + refused.getMessage())
              .contains(path(fixture, 1) + " is what memory backend 'ram0' is being swapped to"),
          refused.getMessage());
      first.cancel();
      assertRolledBack(end(first), "it was cancelled");
      assertEquals(Set.of("tmpfs0"), fixture.files());
    }
  }

  @Test
  @DisplayName("properties are not changed, nor another swap planned, while a swap is under way")
  void changedMeanwhile() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      fixture.fill();
      Backend backend = fixture.machine.machine().find("ram0").orElseThrow();
      RunningSwap task = fixture.start(there(fixture), LIMITS.withBandwidth(new ByteSize(1)));
      String busy =
          assertThrows(MachineException.class, () -> backend.set("discard-data", "on"))
              .getMessage();
      assertTrue(("" + busy).contains("'ram0': it is being swapped, or changed"), busy);
      SwapException refused =
          assertThrows(SwapException.class, () -> fixture.swaps.plan(RAM0, there(fixture), LIMITS));
      assertTrue(("" + refused.getMessage()).contains("a swap of it is under way"));
      task.cancel();
      end(task);
      assertEquals("on", backend.set("discard-data", "on"));
    }
  }
}
