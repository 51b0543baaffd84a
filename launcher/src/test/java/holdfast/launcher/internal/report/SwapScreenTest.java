package holdfast.launcher.internal.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.api.SwapReport;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What an operator reads of a live swap. */
class SwapScreenTest {
  private static final BackendId ID = new BackendId("nv0");

  private static SwapReport report(SwapPhase phase, int round, String reason) {
    return new SwapReport(
        7,
        ID,
        "/a/nv.img",
        "/b/nv.img",
        Instant.EPOCH,
        phase,
        round,
        ByteSize.mib(300),
        ByteSize.mib(256),
        ByteSize.mib(3),
        ByteSize.mib(60),
        ByteSize.mib(20_480),
        Duration.ofMillis(4),
        Duration.ofMillis(9),
        reason);
  }

  @Test
  @DisplayName("a line says no more than is known in the phase")
  void lines() {
    String name = "swap 7 of 'nv0' to /b/nv.img: ";
    assertEquals(name + "prepare", SwapScreen.line(report(SwapPhase.PREPARE, 0, "")));
    assertEquals(
        name + "copy: 300.0 MiB of 256M copied", SwapScreen.line(report(SwapPhase.COPY, 0, "")));
    assertEquals(
        name
            + "switch: 300.0 MiB of 256M copied in 2 rounds, 3.0 MiB dirty, 60.0 MiB/s dirtied,"
            + " 20.0 GiB/s copied, pause expected 4.0 ms",
        SwapScreen.line(report(SwapPhase.SWITCH, 2, "")));
    assertEquals(
        name + "release: writers paused for 9.0 ms",
        SwapScreen.line(report(SwapPhase.RELEASE, 2, "")));
    assertEquals(
        name + "done: 300.0 MiB copied in 2 rounds, writers paused for 9.0 ms",
        SwapScreen.line(report(SwapPhase.DONE, 2, "")));
    assertEquals(
        name + "rolled back: it was cancelled",
        SwapScreen.line(report(SwapPhase.ROLLED_BACK, 2, "it was cancelled")));
  }

  @Test
  @DisplayName("a plan says what changes, what is asked for, and what it costs")
  void plan() {
    SwapPlan plan =
        new SwapPlan(
            ID,
            "/a/nv.img",
            "/b/nv.img",
            List.of("mem-path: /a/nv.img -> /b/nv.img", "pmem: off -> on"),
            EnumSet.of(RamFlag.RAM_SHARED, RamFlag.RAM_PMEM),
            Granularity.PAGE,
            Granularity.CACHE_LINE,
            ByteSize.mib(256),
            Optional.of(ByteSize.mib(1000)),
            Duration.ofMillis(580),
            "at the rate of 16M written to /b within the last minute",
            "the kernel tracks dirty pages, whoever writes",
            Duration.ofMillis(20));
    Screen screen = new Screen();
    SwapScreen.show(plan, screen);
    assertEquals(
        """
        swap of memory backend 'nv0'
          changes       mem-path: /a/nv.img -> /b/nv.img
          changes       pmem: off -> on
          requests      RAM_SHARED RAM_PMEM
          granularity   cache-line is requested, and known when it is mapped; now it is page
          space         256M needed, 1000.0 MiB free
          to copy       256M, about 580.0 ms, at the rate of 16M written to /b within the last minute
          tracking      the kernel tracks dirty pages, whoever writes
          pause         about 20.0 ms
        """,
        screen.toString());
    assertEquals(
        "at least 9000.0 ms, 16M written to /b took more than 2 s",
        SwapScreen.expected(
            new SwapPlan(
                plan.region(),
                plan.from(),
                plan.to(),
                plan.changes(),
                plan.requestedFlags(),
                plan.granularity(),
                plan.requestedGranularity(),
                plan.bytes(),
                plan.free(),
                Duration.ofSeconds(9),
                "at least: 16M written to /b took more than 2 s",
                plan.tracking(),
                plan.pause())));
  }
}
