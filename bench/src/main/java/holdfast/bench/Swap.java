package holdfast.bench;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** How long a guest stands still while its memory moves, and how fast it moves. */
final class Swap implements Part {
  private static final long GIB = 1L << 30;
  private static final List<Long> RATES = List.of(0L, 20_000L, 100_000L);
  private static final long USUAL_RATE = 20_000;

  /** The most that a pause may take with 1 GiB, for each of {@link #RATES}, in nanoseconds. */
  private static final Map<Long, Double> MOST = Map.of(0L, 3e6, 20_000L, 6e6, 100_000L, 15e6);

  /** Where bytes go from a file in tmpfs, and come back from. */
  private enum Kind {
    TMPFS("tmpfs to tmpfs"),
    MEMFD("tmpfs to memfd and back"),
    PLAIN("tmpfs to plain memory and back");

    private final String words;

    Kind(String words) {
      this.words = words;
    }
  }

  @Override
  public void measure(Effort effort, Findings findings) throws Exception {
    List<Place> places = Place.ofFiles(3 * GIB, findings);
    Place memory = places.getFirst();
    if (memory.isDisk()) {
      return; // there is too little memory, which was said
    }
    boolean hasRoom = !Place.ofFiles(9 * GIB, new Findings()).getFirst().isDisk();
    Map<String, Sample> pauses = new HashMap<>();
    for (Kind kind : Kind.values()) {
      for (long rate : RATES) {
        Sample pause = inMemory(effort, findings, memory, kind, GIB, rate, new Sample());
        pauses.put(kind + "/" + rate, pause);
      }
    }
    if (!hasRoom) {
      findings.remark("4 GiB are left out: /dev/shm has no 9 GiB free");
    } else if (!effort.quick()) {
      for (Kind kind : Kind.values()) {
        for (long rate : kind == Kind.TMPFS ? RATES : List.of(USUAL_RATE)) {
          inMemory(
              effort,
              findings,
              memory,
              kind,
              4 * GIB,
              rate,
              pauses.getOrDefault(kind + "/" + rate, new Sample()));
        }
      }
    } else {
      inMemory(
          effort,
          findings,
          memory,
          Kind.TMPFS,
          4 * GIB,
          USUAL_RATE,
          pauses.getOrDefault(Kind.TMPFS + "/" + USUAL_RATE, new Sample()));
    }
    for (Place place : places) {
      if (place.isDisk()) {
        new DiskSwap(effort, findings, memory, place)
            .measure(pauses.getOrDefault(Kind.TMPFS + "/" + USUAL_RATE, new Sample()).median());
      }
    }
  }

  private static Sample inMemory(
      Effort effort,
      Findings findings,
      Place memory,
      Kind kind,
      long size,
      long rate,
      Sample smaller)
      throws Exception {
    boolean compared = kind == Kind.TMPFS && size == GIB && rate == USUAL_RATE;
    Sample pause = new Sample();
    Sample stoodStill = new Sample();
    Sample first = new Sample();
    Sample memcpy = new Sample();
    int times = size > GIB ? effort.of(4, 2) : effort.of(8, kind == Kind.TMPFS ? 4 : 2);
    boolean patient = false;
    Path here = memory.file("swap");
    try (SwapRun run = new SwapRun(here, size, rate)) {
      for (int number = 0; number < times; number++) {
        if (compared) {
          new Rival("copy")
              .run(here, memory.file("rival"), size)
              .getOrDefault("copy", List.of())
              .forEach(nanos -> memcpy.add(size * 1e9 / nanos));
        }
        SwapRun.Done done;
        if (kind == Kind.TMPFS || number % 2 == 1) {
          Path there = memory.file("swap-" + number);
          done = run.toFile(there);
          run.forget(here);
          here = there;
        } else {
          done = run.to(away(kind));
          run.forget(here);
        }
        pause.add(done.report().pause().toNanos());
        patient |= done.patient();
        if (rate > 0) {
          stoodStill.add(done.stoodStill().toNanos());
        }
        if (!Double.isNaN(done.rate())) {
          first.add(done.rate());
        }
      }
    }
    String id = "swap." + kind.name().toLowerCase(Locale.ROOT) + "." + size / GIB + "G." + rate;
    String what = "swap " + Words.size(size) + ", " + kind.words + ", " + rate + " pages/s: ";
    if (patient) {
      findings.remark(what + "the default limit on the downtime did not do");
    }
    Figure figure =
        new Figure(id, what + "pause", Unit.TIME, pause)
            .in("pause, " + Words.size(size) + " in memory, " + rate + " pages/s");
    findings.add(
        smaller.isEmpty()
            ? figure.must(Limit.atMost(MOST.getOrDefault(rate, 0.0)))
            : figure.beside("the same with 1 GiB", smaller, Limit.atMost(1.5)));
    if (compared) {
      findings.add(
          new Figure(id + ".seen", what + "pause as the guest saw it", Unit.TIME, stoodStill));
      findings.add(
          new Figure(id + ".rate", what + "first round", Unit.RATE, first)
              .beside("memcpy", memcpy));
    }
    return pause;
  }

  private static Map<String, String> away(Kind kind) {
    return kind == Kind.MEMFD
        ? Map.of("qom-type", "memory-backend-memfd")
        : Map.of("qom-type", "memory-backend-ram", "share", "off");
  }
}
