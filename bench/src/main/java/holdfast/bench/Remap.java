package holdfast.bench;

import holdfast.backend.api.Backing;
import holdfast.backend.api.RamBlock;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** How long a writer stands still while the file under it is mapped again over its addresses. */
final class Remap implements Part {
  private static final long SIZE = 1L << 30;

  /** What was seen in one place. */
  private static final class Seen {
    private final Sample stall = new Sample();
    private final Sample quiet = new Sample();
    private final Sample whole = new Sample();
    private final Sample rivalStall = new Sample();
    private final Sample rivalQuiet = new Sample();
    private final Sample syncing = new Sample();
  }

  @Override
  public void measure(Effort effort, Findings findings) throws Exception {
    for (Place place : Place.ofFiles(2 * SIZE, findings)) {
      measure(effort, findings, place);
    }
  }

  private static void measure(Effort effort, Findings findings, Place place) throws Exception {
    // each round writes all of the memory to a disk
    int pairs = place.isDisk() ? effort.of(3, 1) : effort.of(5, 2);
    int rounds = place.isDisk() ? 2 : effort.of(5, 3);
    Seen seen = new Seen();
    for (int pair = 0; pair < pairs; pair++) {
      RamBlock block = place.block("remap", SIZE);
      try {
        block = exchanges(block, rounds, seen);
        rival(((Backing.File) block.spec().backing()).path(), rounds, seen);
      } finally {
        block.discard();
      }
    }
    String what = "re-map 1 GiB, " + place.name() + ": ";
    String id = "remap." + place.name();
    Figure stall =
        new Figure(id, what + "longest time between two stores", Unit.TIME, seen.stall)
            .in("re-map 1 GiB on " + place.name() + ": a writer's stall");
    findings.add(
        (place.isDisk() ? stall.must(Limit.atMost(50e6)) : stall)
            .beside("mmap(MAP_FIXED) in C", seen.rivalStall)
            .beside("the same and msync", seen.syncing));
    findings.add(
        new Figure(id + ".quiet", what + "the same time without one", Unit.TIME, seen.quiet)
            .beside("C", seen.rivalQuiet));
    findings.add(new Figure(id + ".whole", what + "the whole call", Unit.TIME, seen.whole));
  }

  private static RamBlock exchanges(RamBlock first, int rounds, Seen seen) throws Exception {
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
        seen.stall.add(writer.longest());
        seen.whole.add(took);
        writer.forget();
        LockSupport.parkNanos(took);
        seen.quiet.add(writer.longest());
      }
    }
    return block;
  }

  private static void touch(MemorySegment memory) {
    for (long at = 0; at < memory.byteSize(); at += 4096) {
      memory.set(ValueLayout.JAVA_LONG, at + 8, at);
    }
  }

  private static void rival(Path file, int rounds, Seen seen) throws Exception {
    Map<String, List<Double>> numbers = new Rival("remap").run(file, SIZE, rounds);
    seen.rivalStall.addAll(numbers.getOrDefault("stall", List.of()));
    seen.rivalQuiet.addAll(numbers.getOrDefault("quiet", List.of()));
    seen.syncing.addAll(
        new Rival("remap").run(file, SIZE, rounds, "msync").getOrDefault("stall", List.of()));
  }
}
