package holdfast.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Swaps that stay in memory, under a guest that dirties pages. */
final class MemorySwap {
  private static final long GIB = 1L << 30;
  private static final long COMPARED_RATE = 20_000;

  /** The most that a pause may take with 1 GiB, by the guest's rate, in nanoseconds. */
  private static final Map<Long, Double> MOST = Map.of(0L, 3e6, 20_000L, 6e6, 100_000L, 15e6);

  private final Place memory;
  private final Kind kind;
  private final long size;
  private final long rate;

  private final Sample pause = new Sample();
  private final Sample backPause = new Sample();
  private final Sample stoodStill = new Sample();
  private final Sample first = new Sample();
  private final Sample memcpy = new Sample();
  private boolean patient;

  /** Where the bytes go from a file in tmpfs, and from where they come back. */
  enum Kind {
    /** To another file. */
    TMPFS("tmpfs", Map.of()),
    /** To a file without a name. */
    MEMFD("memfd", Map.of("qom-type", "memory-backend-memfd")),
    /** To anonymous memory. */
    PLAIN("plain memory", Map.of("qom-type", "memory-backend-ram", "share", "off"));

    private final String words;
    private final Map<String, String> changes;

    Kind(String words, Map<String, String> changes) {
      this.words = words;
      this.changes = changes;
    }
  }

  /**
   * @param rate how many pages a second the guest dirties
   */
  MemorySwap(Place memory, Kind kind, long size, long rate) {
    this.memory = memory;
    this.kind = kind;
    this.size = size;
    this.rate = rate;
  }

  /** Returns the pauses of swaps of 1 GiB within tmpfs. */
  static Sample pause(Map<String, Sample> pauses, long rate) {
    return pauses.getOrDefault(name(Kind.TMPFS, false, rate), new Sample());
  }

  private static String name(Kind kind, boolean back, long rate) {
    return kind.name().toLowerCase(Locale.ROOT) + (back ? "-back." : ".") + rate;
  }

  /**
   * Measures.
   *
   * @param pauses of 1 GiB, which is measured first, by their name
   */
  void measure(Effort effort, Findings findings, Map<String, Sample> pauses) throws Exception {
    boolean thereAndBack = kind != Kind.TMPFS;
    int times = size > GIB ? effort.of(4, 2) : effort.of(8, 4);
    Path here = memory.file("swap");
    try (SwapRun run = new SwapRun(here, size, rate)) {
      for (int number = 0; number < (thereAndBack ? times / 2 : times); number++) {
        rival(here);
        if (thereAndBack) {
          add(pause, run.to(kind.changes));
          run.forget(here);
        }
        Path there = memory.file("swap-" + number);
        add(thereAndBack ? backPause : pause, run.toFile(there));
        run.forget(here);
        here = there;
      }
    }
    if (patient) {
      findings.remark(what("tmpfs", kind.words) + "the default limit on the downtime did not do");
    }
    report(findings, pauses, false, pause);
    if (thereAndBack) {
      report(findings, pauses, true, backPause);
    }
    if (isCompared()) {
      String what = what("tmpfs", "tmpfs");
      findings.add(
          new Figure("swap.tmpfs.seen", what + "pause as the guest saw it", Unit.TIME, stoodStill));
      findings.add(
          new Figure("swap.tmpfs.rate", what + "first round", Unit.RATE, first)
              .beside("memcpy in C", memcpy));
    }
  }

  private boolean isCompared() {
    return kind == Kind.TMPFS && size == GIB && rate == COMPARED_RATE;
  }

  private void rival(Path here) throws Exception {
    if (isCompared()) {
      new Rival("copy")
          .run(here, memory.file("rival"), size)
          .getOrDefault("copy", List.of())
          .forEach(nanos -> memcpy.add(size * 1e9 / nanos));
    }
  }

  private void add(Sample sample, SwapRun.Done done) {
    sample.add(done.report().pause().toNanos());
    patient |= done.patient();
    stoodStill.add(done.stoodStill().toNanos());
    if (!Double.isNaN(done.rate())) {
      first.add(done.rate());
    }
  }

  private String what(String from, String to) {
    return "swap " + Words.size(size) + ", " + from + " to " + to + ", " + rate + " pages/s: ";
  }

  private void report(Findings findings, Map<String, Sample> pauses, boolean back, Sample sample) {
    String name = name(kind, back, rate);
    String what = back ? what(kind.words, "tmpfs") : what("tmpfs", kind.words);
    Figure figure =
        new Figure("swap." + size / GIB + "G." + name, what + "pause", Unit.TIME, sample)
            .in("pause, " + Words.size(size) + " in memory, " + rate + " pages/s");
    if (size == GIB) {
      pauses.put(name, sample);
      findings.add(figure.must(Limit.atMost(MOST.getOrDefault(rate, 0.0))));
    } else {
      findings.add(
          figure.beside(
              "the same with 1 GiB", pauses.getOrDefault(name, new Sample()), Limit.atMost(1.5)));
    }
  }
}
