package holdfast.bench;

import holdfast.backend.api.Backing;
import holdfast.backend.api.RamBlock;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What it takes to make bytes durable. */
final class Persist implements Part {
  private static final long SIZE = 64L << 20;
  private static final long FLUSHED = 1L << 20;

  /** Counting may cost a persist a twentieth; as much is noise. */
  private static final double COUNTING = 1.1;

  @Override
  public void measure(Effort effort, Findings findings) throws Exception {
    if (Flushed.flush().isEmpty()) {
      findings.remark("flushes of cache lines are left out: this host has none");
    } else {
      findings.remark(
          "there is no DAX here: cache lines are flushed in the page cache of tmpfs, with the"
              + " assessment of the block exchanged for that of DAX. What the CPU does is real, the"
              + " medium is DRAM; by "
              + Flushed.flush().orElseThrow().describe());
      flushes(effort, findings);
    }
    for (Place place : Place.ofFiles(2 * SIZE, findings)) {
      if (!place.name().equals("tmpfs")) {
        for (int length : List.of(64, 4096, 2 << 20)) {
          writeBack(effort, findings, place, length);
        }
      }
    }
  }

  private static void flushes(Effort effort, Findings findings) throws Exception {
    if (!new Rival("pmem").isThere()) {
      findings.remark("pmem_persist is left out: libpmem's header is missing (libpmem-dev)");
    }
    for (boolean dirty : List.of(true, false)) {
      for (long length : dirty ? List.of(64L, 4096L, 2L << 20) : List.of(64L)) {
        flush(effort, findings, length, dirty);
      }
    }
  }

  private static void flush(Effort effort, Findings findings, long length, boolean dirty)
      throws Exception {
    long size = Math.max(FLUSHED, length);
    Place memory = new Place("tmpfs", Path.of("/dev/shm"));
    Path file = memory.file("flush");
    memory.file("flush.guest");
    Map<String, String> parameters =
        Map.of(
            "length", "" + length, "dirty", "" + dirty, "size", "" + size, "file", file.toString());
    Calls block = new Calls(effort, PersistCalls.class, "block", parameters);
    Calls guest = new Calls(effort, PersistCalls.class, "guest", parameters);
    Calls region = new Calls(effort, PersistCalls.class, "region", parameters);
    Sample c = new Sample();
    for (int round = 0; round < effort.of(3, 1); round++) {
      rival(effort, c, memory, length, dirty);
      block.run();
      if (!dirty) {
        region.run();
      }
      guest.run();
    }
    rival(effort, c, memory, length, dirty);
    String what =
        (dirty ? "store and persist " : "persist of a clean range, ") + Words.size(length) + ", ";
    String id = "persist." + (dirty ? "dirty." : "clean.") + length;
    findings.add(
        new Figure(id + ".block", what + "block", Unit.TIME, block.time)
            .beside("pmem_persist", c, limit(length, dirty, 1.25)));
    findings.add(
        new Figure(id + ".guest", what + "guest memory", Unit.TIME, guest.time)
            .beside("pmem_persist", c, limit(length, dirty, 1.5)));
    if (!dirty) {
      counting(findings, region, block);
    }
  }

  /** What a region adds to its block, where there is least to do: it counts (docs/metrics.md). */
  private static void counting(Findings findings, Calls region, Calls block) {
    findings.add(
        new Figure(
                "persist.counted",
                "persist of a clean range, 64 B, region, which counts",
                Unit.TIME,
                region.time)
            .beside("its block, which doesn't", block.time, Limit.atMost(COUNTING)));
  }

  private static @Nullable Limit limit(long length, boolean dirty, double most) {
    if (!dirty) {
      return Limit.atMost(2);
    }
    return length == 64 ? Limit.atMost(most) : null;
  }

  private static void rival(Effort effort, Sample c, Place place, long length, boolean dirty)
      throws Exception {
    Rival rival = new Rival("pmem");
    if (!rival.isThere()) {
      return;
    }
    long size = Math.max(FLUSHED, length);
    Path file = place.file("pmem", size);
    c.addAll(
        rival
            .run(file, size, length, dirty ? "dirty" : "clean", effort.of(6, 4))
            .getOrDefault("pmem", List.of()),
        1e-3);
    place.remove(file);
  }

  private static void writeBack(Effort effort, Findings findings, Place place, int length)
      throws Exception {
    Sample own = new Sample();
    Sample c = new Sample();
    int times = length > 4096 ? effort.of(20, 8) : effort.of(100, 25);
    RamBlock block = place.block("persist", SIZE);
    try {
      block.segment().fill((byte) 1);
      block.persist(0, SIZE);
      Backing.File file = (Backing.File) block.spec().backing();
      for (int run = 0; run < effort.of(5, 3); run++) {
        for (int i = 0; i < times; i++) {
          long at = i * 7919L % ((SIZE - length) / 4096) * 4096;
          block.segment().asSlice(at, length).fill((byte) i);
          long before = System.nanoTime();
          block.persist(at, length);
          own.add(System.nanoTime() - before);
        }
        c.addAll(
            new Rival("persist")
                .run(file.path(), SIZE, length, times)
                .getOrDefault("persist", List.of()));
      }
    } finally {
      block.discard();
    }
    findings.add(
        new Figure(
                "persist.msync." + length,
                "persist " + Words.size(length) + " on " + place.name() + ", by msync",
                Unit.TIME,
                own)
            .beside("C with msync", c));
  }
}
