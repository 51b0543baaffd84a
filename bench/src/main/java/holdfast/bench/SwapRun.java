package holdfast.bench;

import holdfast.backend.api.BackendId;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapReport;
import holdfast.machine.core.Holdfast;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A machine with one region and a guest that stores into it, whose bytes are moved about. */
final class SwapRun implements AutoCloseable {
  private static final String ID = "ram";
  private static final Duration LIMIT = Duration.ofMinutes(2);

  /** Where pages must be written to a disk while the guest stands still, and the default fails. */
  private static final SwapLimits PATIENT = SwapLimits.DEFAULT.withDowntime(Duration.ofSeconds(1));

  private final Holdfast machine;
  private final MemoryRegion region;
  private final @Nullable PagesWriter writer;
  private final List<Path> files = new ArrayList<>();

  /**
   * What one swap took.
   *
   * @param report what it says of itself
   * @param stoodStill how long the guest saw its pause; zero without a guest
   * @param rate bytes a second in the first round; not a number if it was too short to be seen
   * @param patient whether it needed more than the default limit on the downtime
   */
  record Done(SwapReport report, Duration stoodStill, double rate, boolean patient) {}

  /**
   * Opens it on a file.
   *
   * @param pagesPerSecond what the guest dirties; 0 for no guest
   */
  SwapRun(Path file, long size, long pagesPerSecond) throws Exception {
    files.add(file);
    machine =
        Holdfast.open(
            "-m",
            "16M",
            "-object",
            "memory-backend-file,id=ram,share=on,size=" + size + "B,mem-path=" + file);
    region = machine.region(ID).orElseThrow();
    region.segment().fill((byte) 7);
    if (pagesPerSecond == 0) {
      writer = null;
    } else {
      writer = new PagesWriter(region.segment(), pagesPerSecond);
      machine.addWriter(writer);
    }
  }

  /** Moves the bytes to a new file. */
  Done toFile(Path file) throws Exception {
    files.add(file);
    return to(
        Map.of("qom-type", "memory-backend-file", "mem-path", file.toString(), "share", "on"));
  }

  /** Moves the bytes elsewhere. */
  Done to(Map<String, String> changes) throws Exception {
    Done done = attempt(changes, SwapLimits.DEFAULT);
    if (done.report().phase() == SwapPhase.DONE) {
      return done;
    }
    Done second = attempt(changes, PATIENT);
    if (second.report().phase() != SwapPhase.DONE) {
      throw new IllegalStateException(second.report().toString());
    }
    return new Done(second.report(), second.stoodStill(), second.rate(), true);
  }

  private Done attempt(Map<String, String> changes, SwapLimits limits) throws Exception {
    RunningSwap running = machine.swaps().start(new BackendId(ID), changes, limits);
    SwapReport report = running.report();
    double rate = Double.NaN;
    while (!report.phase().isEnd()) {
      if (Double.isNaN(rate) && report.round() == 1) {
        rate = report.copyRate().bytes();
      }
      LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(200));
      report = running.report();
    }
    report = running.await(LIMIT);
    PagesWriter guest = writer;
    if (guest == null) {
      return new Done(report, Duration.ZERO, rate, false);
    }
    long stored = guest.stored();
    while (guest.stored() == stored) {
      Thread.onSpinWait(); // until the guest has seen the end of its pause
    }
    return new Done(report, guest.stoodStill(), rate, false);
  }

  /** Removes a file that no longer serves. */
  void forget(Path file) throws Exception {
    files.remove(file);
    Files.deleteIfExists(file);
    Files.deleteIfExists(file.resolveSibling(file.getFileName() + ".swap-to.json"));
    Files.deleteIfExists(file.resolveSibling(file.getFileName() + ".swap-from.json"));
  }

  @Override
  public void close() throws Exception {
    PagesWriter guest = writer;
    if (guest != null) {
      machine.removeWriter(guest);
      guest.close();
    }
    machine.close();
    for (Path file : List.copyOf(files)) {
      forget(file);
    }
  }
}
