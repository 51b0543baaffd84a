package holdfast.bench;

import holdfast.backend.api.Backing;
import holdfast.backend.api.RamBlock;

/** What it costs to make a few bytes durable. */
final class Persist {
  private static final long SIZE = 64L << 20;
  private static final int RUNS = 5;
  private static final int TIMES = 200;

  private Persist() {}

  /** Measures and prints. */
  static void main() throws Exception {
    System.out.println("persist: a store, then persist beside msync(2)");
    for (Place place : Place.ofFiles(2 * SIZE)) {
      for (int length : new int[] {64, 4096}) {
        measure(place, length);
      }
    }
  }

  private static void measure(Place place, int length) throws Exception {
    Sample own = new Sample();
    Sample rival = new Sample();
    RamBlock block = place.block("persist", SIZE);
    try {
      block.segment().fill((byte) 1);
      block.persist(0, SIZE);
      for (int run = 0; run < RUNS; run++) {
        for (int i = 0; i < TIMES; i++) {
          long at = i * 7919L % (SIZE / 4096) * 4096;
          block.segment().asSlice(at, length).fill((byte) i);
          long before = System.nanoTime();
          block.persist(at, length);
          own.add(System.nanoTime() - before);
        }
        Backing.File file = (Backing.File) block.spec().backing();
        new Rival("persist").run(file.path(), SIZE, length, TIMES).values().forEach(rival::addAll);
      }
    } finally {
      block.discard();
    }
    System.out.println("  " + place.name() + ", " + length + " bytes");
    System.out.println("    C:    msync    " + rival.describe(1e-3, "µs"));
    System.out.println("    Java: persist  " + own.describe(1e-3, "µs"));
    System.out.printf("    ratio of the medians %.2f%n", own.median() / rival.median());
  }
}
