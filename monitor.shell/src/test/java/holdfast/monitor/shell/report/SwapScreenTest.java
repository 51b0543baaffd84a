package holdfast.monitor.shell.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamFlag;
import holdfast.machine.admin.SwapWords;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What an operator reads of a live swap. */
class SwapScreenTest {
  private static final BackendId ID = new BackendId("nv0");

  private static SwapReport report(SwapPhase phase, int round, String reason) {
    return report(phase, round, Duration.ofMillis(9), reason);
  }

  private static SwapReport report(SwapPhase phase, int round, Duration pause, String reason) {
    return new SwapReport(
        7,
        ID,
        "/a/nv.img",
        "/b/nv.img",
        Instant.EPOCH,
        Duration.ofMillis(1449),
        phase,
        round,
        ByteSize.mib(300),
        ByteSize.mib(256),
        ByteSize.mib(3),
        ByteSize.mib(60),
        ByteSize.mib(20_480),
        Duration.ofMillis(4),
        pause,
        Duration.ofMillis(20),
        reason);
  }

  @Test
  @DisplayName("a line says no more than is known in the phase")
  void lines() {
    String name = "swap 7 of 'nv0' to /b/nv.img: ";
    assertEquals(name + "prepare", SwapWords.line(report(SwapPhase.PREPARE, 0, "")));
    assertEquals(name + "copy: 300M of 256M copied", SwapWords.line(report(SwapPhase.COPY, 0, "")));
    assertEquals(
        name
            + "switch: 300M of 256M copied in 2 rounds, 3M dirty, 60M/s dirtied,"
            + " 20G/s copied, pause expected 4.0 ms",
        SwapWords.line(report(SwapPhase.SWITCH, 2, "")));
    assertEquals(
        name + "release: writers paused for 9.0 ms",
        SwapWords.line(report(SwapPhase.RELEASE, 2, "")));
    assertEquals(
        name + "done: 300M copied in 2 rounds, writers paused for 9.0 ms, 1.4 s in all",
        SwapWords.line(report(SwapPhase.DONE, 2, "")));
    assertEquals(
        name
            + "done: 300M copied in 2 rounds, writers paused for 83.5 ms, longer than the"
            + " downtime limit of 20 ms, 1.4 s in all; x",
        SwapWords.line(report(SwapPhase.DONE, 2, Duration.ofNanos(83_500_000), "x")));
    assertEquals(
        name + "rolled back after 1.4 s: it was cancelled",
        SwapWords.line(report(SwapPhase.ROLLED_BACK, 2, "it was cancelled")));
  }

  private static SwapPlan plan(Duration time, boolean endsWithProcess, Duration pause) {
    return new SwapPlan(
        ID,
        "/a/nv.img",
        "/b/nv.img",
        List.of("mem-path: /a/nv.img -> /b/nv.img", "pmem: off -> on"),
        EnumSet.of(RamFlag.RAM_SHARED, RamFlag.RAM_PMEM),
        Granularity.PAGE,
        Granularity.CACHE_LINE,
        ByteSize.mib(256),
        Optional.of(ByteSize.mib(1000)),
        time,
        "at the rate of 16M written to /b within the last minute",
        "the kernel tracks dirty pages, whoever writes",
        endsWithProcess,
        pause);
  }

  private static String shown(SwapPlan plan) {
    Screen screen = new Screen();
    SwapScreen.show(plan, screen);
    return screen.toString();
  }

  @ParameterizedTest
  @CsvSource({
    "3_662_400_000, 4 s",
    "180_400_000, 180 ms",
    "186_000_000, 190 ms",
    "4_400_000, 4.4 ms",
    "999_900_000, 1000 ms",
    "1_900_000_000, 1.9 s",
    "400_000, 1 ms",
    "100_600_000_000, 101 s",
  })
  @DisplayName("an estimate has no more digits than can be true")
  void estimates(String nanos, String told) {
    Duration time = Duration.ofNanos(Long.parseLong(nanos.replace("_", "")));
    String expected = SwapWords.expected(plan(time, false, Duration.ofMillis(20)));
    assertTrue(expected.startsWith("about " + told + ", at the rate"), expected);
  }

  @Test
  @DisplayName(
      "a plan says when the bytes end with the process, and when all is copied in the pause")
  void whatItCosts() {
    Duration time = Duration.ofMillis(180);
    assertFalse(shown(plan(time, false, Duration.ofMillis(20))).contains("process"));
    String shown = shown(plan(time, true, time));
    assertTrue(
        shown.contains(
            "  kept          until the process ends: no file with a name holds the bytes then\n"),
        shown);
    assertTrue(shown.contains("  pause         about 180 ms, in which all is copied\n"), shown);
  }

  @Test
  @DisplayName("a plan says what changes, what is asked for, and what it costs")
  void plan() {
    SwapPlan plan = plan(Duration.ofMillis(580), false, Duration.ofMillis(20));
    assertEquals(
        """
        swap of memory backend 'nv0'
          changes       mem-path: /a/nv.img -> /b/nv.img
          changes       pmem: off -> on
          requests      RAM_SHARED RAM_PMEM
          granularity   cache-line is requested, and known when it is mapped; now it is page
          space         256M needed, 1000.0 MiB free
          to copy       256M, about 580 ms, at the rate of 16M written to /b within the last minute
          tracking      the kernel tracks dirty pages, whoever writes
          pause         to copy and persist what is left, at most 20 ms (the downtime limit); what finds and exchanges it comes on top
        """,
        shown(plan));
    assertEquals(
        "at least 9 s, 16M written to /b took more than 2 s",
        SwapWords.expected(
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
                plan.endsWithProcess(),
                plan.pause())));
  }
}
