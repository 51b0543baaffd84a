package holdfast.bench;

import holdfast.backend.api.Backing;
import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.RamBlock;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** What a store costs before, during and after dirty pages are tracked. */
final class Tracking implements Part {
  private static final long SIZE = 256L << 20;
  private static final long PAGE = 4096;
  private static final int PASSES = 10;

  /** What was seen in one place, in nanoseconds per store. */
  private static final class Seen {
    private final Sample before = new Sample();
    private final Sample armedFirst = new Sample();
    private final Sample armed = new Sample();
    private final Sample afterFirst = new Sample();
    private final Sample after = new Sample();
    private final Sample rival = new Sample();
  }

  @Override
  public void measure(Effort effort, Findings findings) throws Exception {
    List<Place> places = new ArrayList<>(Place.ofFiles(2 * SIZE, findings));
    places.add(new Place("anonymous", null));
    for (Place place : places) {
      measure(effort, findings, place);
    }
  }

  private static void measure(Effort effort, Findings findings, Place place) throws Exception {
    Seen seen = new Seen();
    RamBlock block = place.block("tracking", SIZE);
    try {
      Object rivalFile = block.spec().backing() instanceof Backing.File file ? file.path() : "-";
      for (int run = 0; run < effort.of(9, 3); run++) {
        measure(block, seen);
        seen.rival.addAll(
            new Rival("store").run(rivalFile, SIZE, PASSES).getOrDefault("store", List.of()), 1e-3);
      }
    } finally {
      block.discard();
    }
    String what = "a store of 8 B into each page, " + place.name() + ": ";
    String id = "tracking." + place.name();
    findings.add(
        new Figure(id + ".before", what + "not tracked", Unit.TIME, seen.before)
            .beside("C", seen.rival));
    findings.add(
        new Figure(id + ".first", what + "tracked, first in a page", Unit.TIME, seen.armedFirst));
    findings.add(new Figure(id + ".armed", what + "tracked, next ones", Unit.TIME, seen.armed));
    findings.add(
        new Figure(
            id + ".after.first", what + "ended, first in a page", Unit.TIME, seen.afterFirst));
    findings.add(
        new Figure(id + ".after", what + "ended, next ones", Unit.TIME, seen.after)
            .in("a store after dirty tracking")
            .beside("not tracked", seen.before, Limit.atMost(1.1)));
  }

  private static void measure(RamBlock block, Seen seen) throws Exception {
    MemorySegment memory = block.segment();
    pass(memory);
    passes(memory, seen.before);
    try (DirtyTracking tracking = block.track()) {
      seen.armedFirst.add(pass(memory));
      passes(memory, seen.armed);
      long found = tracking.scan((offset, length) -> {});
      if (found != SIZE) {
        throw new IllegalStateException("only " + found + " bytes were found written");
      }
    }
    seen.afterFirst.add(pass(memory));
    passes(memory, seen.after);
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
