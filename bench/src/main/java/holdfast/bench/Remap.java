package holdfast.bench;

import holdfast.backend.api.RamBlock;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** How long a writer stands still while the file under it is mapped again over its addresses. */
final class Remap {
  private static final long SIZE = 1L << 30;
  private static final int PAIRS = 5;
  private static final int ROUNDS = 5;

  /** Each round writes all of the memory to the disk. */
  private static final int ON_DISK = 2;

  private final Sample stall = new Sample();
  private final Sample quiet = new Sample();
  private final Sample whole = new Sample();
  private final Sample rivalStall = new Sample();
  private final Sample rivalQuiet = new Sample();
  private final Sample syncing = new Sample();

  private final Place place;
  private final int pairs;
  private final int rounds;

  private Remap(Place place) {
    this.place = place;
    boolean disk = !place.name().equals("tmpfs");
    this.pairs = disk ? ON_DISK : PAIRS;
    this.rounds = disk ? ON_DISK : ROUNDS;
  }

  /** Measures and prints. */
  static void main() throws Exception {
    System.out.println("re-map of 1 GiB: the longest time between two stores of a writer");
    for (Place place : Place.ofFiles(2 * SIZE)) {
      new Remap(place).measure();
    }
  }

  private void measure() throws Exception {
    for (int pair = 0; pair < pairs; pair++) {
      RamBlock block = place.block("remap", SIZE);
      try {
        block = exchanges(block);
        rival(((holdfast.backend.api.Backing.File) block.spec().backing()).path());
      } finally {
        block.discard();
      }
    }
    System.out.println("  " + place.name());
    System.out.println("    C:    mmap(MAP_FIXED)  " + rivalStall.describe(1e-6, "ms"));
    System.out.println("    C:    and msync        " + syncing.describe(1e-6, "ms"));
    System.out.println("    Java: remap            " + stall.describe(1e-6, "ms"));
    System.out.printf("    ratio of the medians   %.2f%n", stall.median() / rivalStall.median());
    System.out.printf("    ... to that with msync %.2f%n", stall.median() / syncing.median());
    System.out.println("    C, no exchange         " + rivalQuiet.describe(1e-6, "ms"));
    System.out.println("    Java, no exchange      " + quiet.describe(1e-6, "ms"));
    System.out.println("    Java, the whole call   " + whole.describe(1e-6, "ms"));
  }

  private RamBlock exchanges(RamBlock first) throws Exception {
    RamBlock block = first;
    touch(block.segment());
    try (GapWriter writer = new GapWriter(block.segment())) {
      for (int round = 0; round < rounds; round++) {
        touch(block.segment());
        block.persist(0, SIZE);
        writer.forget();
        long before = System.nanoTime();
        block = Place.ALLOCATOR.remap(block);
        long took = System.nanoTime() - before;
        stall.add(writer.longest());
        whole.add(took);
        writer.forget();
        LockSupport.parkNanos(took);
        quiet.add(writer.longest());
      }
    }
    return block;
  }

  private static void touch(MemorySegment memory) {
    for (long at = 0; at < memory.byteSize(); at += 4096) {
      memory.set(ValueLayout.JAVA_LONG, at + 8, at);
    }
  }

  private void rival(Path file) throws Exception {
    Map<String, List<Double>> numbers = new Rival("remap").run(file, SIZE, rounds);
    rivalStall.addAll(numbers.getOrDefault("stall", List.of()));
    rivalQuiet.addAll(numbers.getOrDefault("quiet", List.of()));
    syncing.addAll(
        new Rival("remap").run(file, SIZE, rounds, "msync").getOrDefault("stall", List.of()));
  }
}
