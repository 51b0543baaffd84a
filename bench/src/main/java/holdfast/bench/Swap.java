package holdfast.bench;

import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapReport;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.Machine;
import holdfast.machine.core.Region;
import holdfast.machine.swap.SwapRecorder;
import holdfast.machine.swap.Swaps;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** How long a guest stands still while its memory moves to another file, and how fast it moves. */
final class Swap {
  private static final long SIZE = 1L << 30;
  private static final long PAGES_PER_SECOND = 20_000;
  private static final int SWAPS = 12;
  private static final int SWAPS_ON_DISK = 3;

  /** Where pages must be written to a disk while the guest stands still. */
  private static final SwapLimits ON_DISK = SwapLimits.DEFAULT.withDowntime(Duration.ofSeconds(1));

  private final Sample pause = new Sample();
  private final Sample stoodStill = new Sample();
  private final Sample rate = new Sample();
  private final Sample rivalRate = new Sample();
  private final Sample ratio = new Sample();
  private final Sample lastRound = new Sample();
  private final Sample rounds = new Sample();
  private final Sample written = new Sample();

  private final Place place;
  private final SwapLimits limits;
  private final int times;

  private Swap(Place place) {
    this.place = place;
    boolean disk = !place.name().equals("tmpfs");
    this.limits = disk ? ON_DISK : SwapLimits.DEFAULT;
    this.times = disk ? SWAPS_ON_DISK : SWAPS;
  }

  /** Measures and prints. */
  static void main() throws Exception {
    System.out.println("copying swap of 1 GiB under a writer of 20,000 pages a second");
    for (Place place : Place.ofFiles(4 * SIZE)) {
      new Swap(place).measure();
    }
  }

  private void measure() throws Exception {
    Path here = place.file("swap-0");
    Machine machine = BareMachine.open(here, SIZE, Place.ALLOCATOR);
    try {
      Region region = machine.find("ram").orElseThrow().region();
      region.segment().fill((byte) 7);
      try (PagesWriter writer = new PagesWriter(region.segment(), PAGES_PER_SECOND)) {
        GuestWriters writers = new GuestWriters();
        writers.add(writer);
        Swaps swaps = new Swaps(machine, writers, SwapRecorder.NONE, () -> {});
        for (int number = 1; number <= times; number++) {
          double c = rival(here);
          Path there = place.file("swap-" + number);
          swap(swaps, region, writer, there, c);
          Files.deleteIfExists(here);
          Files.deleteIfExists(here.resolveSibling(here.getFileName() + ".swap-to.json"));
          here = there;
        }
      }
    } finally {
      machine.close();
      Files.deleteIfExists(here);
    }
    System.out.println("  " + place.name());
    System.out.println("    pause as reported       " + pause.describe(1e-6, "ms"));
    System.out.println("    pause as the guest saw  " + stoodStill.describe(1e-6, "ms"));
    System.out.println("    bytes before the pause  " + lastRound.describe(1.0 / (1 << 20), "MiB"));
    System.out.println("    rounds                  " + rounds.describe(1, ""));
    System.out.println("    the guest dirtied       " + written.describe(1, "pages/s"));
    System.out.println("    C:    memcpy            " + rivalRate.describe(1e-9, "GB/s"));
    System.out.println("    Java: first round       " + rate.describe(1e-9, "GB/s"));
    System.out.println("    Java / C, pair by pair  " + ratio.describe(1, ""));
  }

  private double rival(Path from) throws Exception {
    Map<String, List<Double>> numbers = new Rival("copy").run(from, place.file("rival"), SIZE);
    double bytesPerSecond = SIZE * 1e9 / numbers.getOrDefault("copy", List.of()).getFirst();
    rivalRate.add(bytesPerSecond);
    return bytesPerSecond;
  }

  private void swap(Swaps swaps, Region region, PagesWriter writer, Path there, double c)
      throws Exception {
    long storedBefore = writer.stored();
    long before = System.nanoTime();
    RunningSwap running = swaps.start(region.id(), Map.of("mem-path", there.toString()), limits);
    SwapReport report = running.report();
    boolean first = true;
    while (!report.phase().isEnd()) {
      if (first && report.round() == 1) {
        first = false;
        rate.add(report.copyRate().bytes());
        ratio.add(report.copyRate().bytes() / c);
      }
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(200));
      report = running.report();
    }
    report = running.await(Duration.ofSeconds(1));
    double seconds = (System.nanoTime() - before) / 1e9;
    if (report.phase() != SwapPhase.DONE) {
      throw new IllegalStateException(report.toString());
    }
    long stored = writer.stored();
    while (writer.stored() == stored) {
      Thread.onSpinWait(); // until the guest has seen the end of its pause
    }
    written.add((stored - storedBefore) / seconds);
    pause.add(report.pause().toNanos());
    stoodStill.add(writer.stoodStill().toNanos());
    lastRound.add(report.dirty().bytes());
    rounds.add(report.round());
  }
}
