package holdfast.bench;

import java.nio.file.Path;
import java.util.List;

/** Swaps to a disk and from it, under a guest that dirties pages. */
final class DiskSwap {
  private static final long SIZE = 1L << 30;
  private static final long RATE = 20_000;
  private static final long PAGE = 4096;

  /** The share of the msync that a pause may take beside its own. */
  private static final double SHARE = 1.5;

  private final Effort effort;
  private final Findings findings;
  private final Place memory;
  private final Place disk;

  private final Sample copyRate = new Sample();
  private final Sample plainRate = new Sample();
  private boolean patient;

  /** One direction. */
  private static final class Way {
    private final Sample pause = new Sample();
    private final Sample time = new Sample();
    private final Sample dirty = new Sample();
    private final Sample msync = new Sample();
    private final Sample allowed = new Sample();

    private void add(SwapRun.Done done) {
      pause.add(done.report().pause().toNanos());
      time.add(done.report().time().toNanos());
      dirty.add(done.report().dirty().bytes());
    }
  }

  DiskSwap(Effort effort, Findings findings, Place memory, Place disk) {
    this.effort = effort;
    this.findings = findings;
    this.memory = memory;
    this.disk = disk;
  }

  /**
   * Measures.
   *
   * @param inMemory the pause of the same swap in memory
   */
  void measure(double inMemory) throws Exception {
    Way to = new Way();
    Way from = new Way();
    Path here = memory.file("swap");
    try (SwapRun run = new SwapRun(here, SIZE, RATE)) {
      for (int number = 0; number < effort.of(4, 1); number++) {
        plainRate.addAll(
            new Rival("copy")
                    .run(here, disk.file("rival"), SIZE, "fsync")
                    .getOrDefault("copy", List.of())
                    .stream()
                    .map(nanos -> SIZE * 1e9 / nanos)
                    .toList());
        Path there = disk.file("swap-" + number);
        SwapRun.Done out = run.toFile(there);
        run.forget(here);
        to.add(out);
        copyRate.add(out.report().copied().bytes() * 1e9 / out.report().time().toNanos());
        here = memory.file("swap-" + number);
        SwapRun.Done back = run.toFile(here);
        from.add(back);
        patient |= out.patient() || back.patient();
        msync(to, there, out, inMemory);
        msync(from, there, back, inMemory);
        run.forget(there);
      }
    }
    if (patient) {
      findings.remark(
          "with the default limit on the downtime a swap to or from "
              + disk.name()
              + " was rolled back, and then done with 1 s");
    }
    report("to", to);
    report("from", from);
    findings.add(
        new Figure(
                "swap.disk.rate",
                "swap 1 GiB to " + disk.name() + ", " + RATE + " pages/s: all that was copied",
                Unit.RATE,
                copyRate)
            .in("rate of a swap to " + disk.name())
            .beside("write and fsync in C", plainRate, Limit.atLeast(0.8)));
  }

  /** Lets a C program write back as many pages in the file that lost its place. */
  private void msync(Way way, Path file, SwapRun.Done done, double inMemory) throws Exception {
    long pages = done.report().dirty().bytes() / PAGE;
    for (double nanos :
        new Rival("dirty").run(file, SIZE, pages, 3).getOrDefault("msync", List.of())) {
      way.msync.add(nanos);
      way.allowed.add(SHARE * nanos + inMemory);
    }
  }

  private void report(String name, Way way) {
    String what = "swap 1 GiB " + name + " " + disk.name() + ", " + RATE + " pages/s: ";
    findings.add(
        new Figure("swap.disk." + name, what + "pause", Unit.TIME, way.pause)
            .in("pause, 1 GiB " + name + " " + disk.name())
            .beside("msync of as many dirty pages in C", way.msync)
            .beside("1.5 × msync, and the pause in memory", way.allowed, Limit.atMost(1)));
    findings.add(
        new Figure(
            "swap.disk." + name + ".dirty", what + "dirty at the pause", Unit.BYTES, way.dirty));
    findings.add(
        new Figure("swap.disk." + name + ".time", what + "all of it", Unit.TIME, way.time));
  }
}
