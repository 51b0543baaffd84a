package holdfast.bench;

import holdfast.backend.api.RamBlock;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** How fast the pages of a new file are made present. */
final class Preallocate implements Part {
  @Override
  public void measure(Effort effort, Findings findings) throws Exception {
    long size = effort.bytes(4L << 30, 1L << 30);
    Place place = Place.ofFiles(size + (1L << 30), findings).getFirst();
    if (place.isDisk()) {
      return; // there is too little memory, which was said
    }
    int processors = Runtime.getRuntime().availableProcessors();
    for (int threads : List.of(1, 2)) {
      if (threads > processors) {
        findings.remark(threads + " threads are left out: there is only one processor");
        continue;
      }
      measure(effort, findings, place, size, threads);
    }
  }

  private static void measure(Effort effort, Findings findings, Place place, long size, int threads)
      throws Exception {
    Sample own = new Sample();
    Sample c = new Sample();
    Sample reserved = new Sample();
    Sample qemu = new Sample();
    for (int round = 0; round < effort.of(5, 3); round++) {
      Path file = place.file("prealloc");
      c.addAll(rates(new Rival("prealloc").run(file, size, threads), size));
      long before = System.nanoTime();
      RamBlock block = Place.preallocated(file, size, threads);
      own.add(size * 1e9 / (System.nanoTime() - before));
      block.discard();
      reserved.addAll(rates(new Rival("prealloc").run(file, size, threads, "fallocate"), size));
      qemu(qemu, file, size, threads);
      place.remove(file);
    }
    findings.add(
        new Figure(
                "preallocate." + threads,
                "preallocate " + Words.size(size) + ", " + Words.count(threads, "thread"),
                Unit.RATE,
                own)
            .in("rate of preallocation, " + Words.count(threads, "thread"))
            .beside("C", c, Limit.atLeast(0.95))
            .beside("C with fallocate", reserved)
            .beside("QEMU", qemu, Limit.atLeast(1)));
  }

  private static List<Double> rates(Map<String, List<Double>> numbers, long size) {
    return numbers.getOrDefault("prealloc", List.of()).stream()
        .map(nanos -> size * 1e9 / nanos)
        .toList();
  }

  private static void qemu(Sample sample, Path file, long size, int threads) throws Exception {
    if (Qemu.version().isEmpty()) {
      return;
    }
    try (Qemu qemu = new Qemu("-machine", "none")) {
      String more = ",\"prealloc\":true,\"prealloc-threads\":" + threads;
      sample.add(size * 1e9 / qemu.add(file, size, more));
      qemu.remove();
    }
  }
}
