package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestMemory;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.osgi.framework.BundleException;

/**
 * Bundles of allocators come and go at random under readers, writers and persists: no byte is lost,
 * no reader is disturbed, nothing is left behind. The system property {@code holdfast.test.seed}
 * repeats a run, {@code holdfast.test.swaps} says how many changes there are.
 */
abstract class RandomBundleChanges extends LiveMachineTest {
  private static final int CHECK_EVERY = 20;

  /** How many changes there are unless the system property says otherwise. */
  abstract int changes();

  @Test
  @Timeout(value = 2, unit = TimeUnit.HOURS)
  @DisplayName("stops, starts, updates and reinstallations lose nothing and leak nothing")
  void loseNothingAndLeakNothing() throws BundleException {
    int changes = Integer.getInteger("holdfast.test.swaps", changes());
    long seed = Long.getLong("holdfast.test.seed", System.nanoTime());
    Random random = new Random(seed);
    GuestMemory memory = machine.bringUp();
    List<AllocatorBundle> bundles = List.of(dax, file);
    try (GuestLoad load = GuestLoad.on(memory).persisting(2)) {
      int mappings = Footprint.mappings();
      for (int change = 1; change <= changes; change++) {
        change(bundles.get(random.nextInt(bundles.size())), random.nextInt(3));
        if (change % CHECK_EVERY == 0) {
          load.awaitProgress();
        }
        load.requireNoEnd();
      }
      dax.start();
      file.start();
      assertEquals("attached to allocator dax", machine.state("shared"), () -> "seed " + seed);
      assertEquals("attached to allocator file", machine.state("private"), () -> "seed " + seed);
      load.awaitProgress();
      load.stop();
      load.checkMemory();
      load.checkFile("nvdimm0", machine.sharedFile());
      // the JVM maps code and stacks of its own meanwhile, but not one for each change
      int more = Footprint.mappings() - mappings;
      assertTrue(more < 50 + changes / 10, () -> more + " mappings more; seed " + seed);
    }
  }

  private static void change(AllocatorBundle bundle, int kind) throws BundleException {
    switch (kind) {
      case 0 -> {
        if (bundle.isActive()) {
          bundle.stop();
        } else {
          bundle.start();
        }
      }
      case 1 -> bundle.update();
      default -> bundle.reinstall();
    }
  }
}
