package holdfast.bench;

import holdfast.backend.api.Backing;
import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.RamBlock;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** What a store costs before, during and after dirty pages are tracked. */
final class Tracking {
  private static final long SIZE = 256L << 20;
  private static final long PAGE = 4096;
  private static final int RUNS = 11;
  private static final int PASSES = 10;

  private final Sample before = new Sample();
  private final Sample armedFirst = new Sample();
  private final Sample armed = new Sample();
  private final Sample afterFirst = new Sample();
  private final Sample after = new Sample();
  private final Sample rival = new Sample();

  private Tracking() {}

  /** Measures and prints. */
  static void main() throws Exception {
    System.out.println("tracking: one store of 8 bytes into each 4 KiB page of 256 MiB, per store");
    List<Place> places = new ArrayList<>(Place.ofFiles(2 * SIZE));
    places.add(new Place("anonymous", null));
    for (Place place : places) {
      new Tracking().measure(place);
    }
  }

  private void measure(Place place) throws Exception {
    RamBlock block = place.block("tracking", SIZE);
    try {
      Object rivalFile = block.spec().backing() instanceof Backing.File file ? file.path() : "-";
      for (int run = 0; run < RUNS; run++) {
        measure(block);
        for (double picos :
            new Rival("store").run(rivalFile, SIZE, PASSES).getOrDefault("store", List.of())) {
          rival.add(picos / 1000);
        }
      }
    } finally {
      block.discard();
    }
    System.out.println("  " + place.name());
    System.out.println("    C                              " + rival.describe(1, "ns"));
    System.out.println("    never tracked, or long ago     " + before.describe(1, "ns"));
    System.out.println("    tracked, first store in a page " + armedFirst.describe(1, "ns"));
    System.out.println("    tracked, next ones             " + armed.describe(1, "ns"));
    System.out.println("    closed, first store in a page  " + afterFirst.describe(1, "ns"));
    System.out.println("    closed, next ones              " + after.describe(1, "ns"));
    System.out.printf(
        "    before / C %.2f, after / before %.2f%n",
        before.median() / rival.median(), after.median() / before.median());
  }

  private void measure(RamBlock block) throws Exception {
    MemorySegment memory = block.segment();
    pass(memory);
    passes(memory, before);
    try (DirtyTracking tracking = block.track()) {
      armedFirst.add(pass(memory));
      passes(memory, armed);
      long found = tracking.scan((offset, length) -> {});
      if (found != SIZE) {
        throw new IllegalStateException("only " + found + " bytes were found written");
      }
    }
    afterFirst.add(pass(memory));
    passes(memory, after);
  }

  private static void passes(MemorySegment memory, Sample sample) {
    for (int pass = 0; pass < PASSES; pass++) {
      sample.add(pass(memory));
    }
  }

  /** Nanoseconds per store. */
  private static double pass(MemorySegment memory) {
    long from = System.nanoTime();
    for (long at = 0; at < memory.byteSize(); at += PAGE) {
      memory.set(ValueLayout.JAVA_LONG, at, at ^ from);
    }
    return (double) (System.nanoTime() - from) / (memory.byteSize() / PAGE);
  }
}
