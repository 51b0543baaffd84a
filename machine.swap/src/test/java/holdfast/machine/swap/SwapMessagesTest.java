package holdfast.machine.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import holdfast.backend.api.ByteSize;
import holdfast.backend.mmap.RamMapper;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.api.SwapReport;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.core.Backend;
import holdfast.machine.swap.Swapper.Answer;
import holdfast.machine.swap.internal.journal.GivenWarnings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** What an operator learns of swaps: in plans, in refusals, in the log and at their ends. */
@Timeout(120)
class SwapMessagesTest {
  private static final long SIZE = 1 << 20;

  private static String refused(SwapFixture fixture, String property, String value)
      throws OptionException {
    Backend backend = fixture.machine.machine().find("ram0").orElseThrow();
    ParsedObject wanted = backend.object().withText(property, value);
    return assertInstanceOf(Answer.Refused.class, fixture.swaps.follow(backend, wanted)).reason();
  }

  @Test
  @DisplayName("what a configuration can't be swapped to is refused in words that it has")
  void refusedInWordsOfConfigurations() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      String path = fixture.region().backing();
      assertEquals("its id can't change while the machine is up", refused(fixture, "id", "other"));
      assertEquals("its size is 1M and can't become 2M", refused(fixture, "size", "2M"));
      assertEquals(
          "that takes another file, and mem-path="
              + path
              + " is the one it is in: change mem-path too, or start the machine again",
          refused(fixture, "share", "off"));
      Path full = fixture.folder.resolve("full");
      Files.writeString(full, "mine");
      assertEquals(
          full
              + " holds something already, and a configuration overwrites nothing: name a file that"
              + " doesn't exist, or use ram:swap with -overwrite",
          refused(fixture, "mem-path", full.toString()));
      assertEquals(
          "there is no folder /nowhere: make it first", refused(fixture, "mem-path", "/nowhere/x"));
      String folder = refused(fixture, "mem-path", "/nowhere/");
      assertTrue(folder.startsWith("mem-path=/nowhere/ names a folder"), folder);
    }
  }

  @Test
  @DisplayName("a plan with a bandwidth takes as long as that lets it at least")
  void heldBack() throws Exception {
    Assumptions.assumeTrue(new RamMapper().trackingObstacle().isEmpty(), "the kernel can't track");
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      Map<String, String> there = Place.TMPFS.properties(fixture, 1);
      SwapPlan plan =
          fixture.swaps.plan(
              SwapFixture.RAM0, there, SwapFixture.LIMITS.withBandwidth(ByteSize.kib(64)));
      assertEquals(Duration.ofSeconds(16), plan.time());
      assertEquals("at the limit of 64K a second", plan.basis());
      SwapPlan free = fixture.swaps.plan(SwapFixture.RAM0, there, SwapFixture.LIMITS);
      assertTrue(free.time().compareTo(plan.time()) < 0, free::toString);
    }
  }

  @Test
  @DisplayName("a plan says whether the bytes end with the process")
  void endsWithTheProcess() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      for (Place place : List.of(Place.PRIVATE, Place.MEMFD, Place.ANONYMOUS)) {
        assertTrue(endsWithProcess(fixture, place.properties(fixture, 1)), place::toString);
      }
      assertTrue(endsWithProcess(fixture, Map.of("mem-path", fixture.folder.toString())));
      assertFalse(endsWithProcess(fixture, Place.TMPFS.properties(fixture, 1)));
    }
  }

  private static boolean endsWithProcess(SwapFixture fixture, Map<String, String> changes)
      throws Exception {
    return fixture.swaps.plan(SwapFixture.RAM0, changes, SwapFixture.LIMITS).endsWithProcess();
  }

  @Test
  @DisplayName("a swap that the machine's end rolls back says so")
  void rolledBackByTheEnd() throws Exception {
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      CountDownLatch copying = new CountDownLatch(1);
      fixture.at(
          Step.FIRST_ROUND,
          () -> {
            copying.countDown();
          });
      RunningSwap task =
          fixture.start(
              Place.MEMFD.properties(fixture, 1),
              SwapFixture.LIMITS.withBandwidth(ByteSize.kib(1)));
      copying.await();
      fixture.swaps.close();
      SwapFixture.assertRolledBack(SwapFixture.end(task), "the machine ended");
    }
  }

  @Test
  @DisplayName(
      "the log has the target at the beginning, each phase once, and the figures at the end")
  void log() throws Exception {
    Logger logger = (Logger) LoggerFactory.getLogger(Progress.class);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.setLevel(Level.INFO);
    logger.setAdditive(false);
    logger.addAppender(log);
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      String from = fixture.region().backing();
      SwapReport report = fixture.swap(Place.TMPFS.properties(fixture, 1), SwapFixture.LIMITS);
      SwapFixture.assertDone(report);
      List<String> lines = log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
      assertEquals(
          "swap 1 of 'ram0' from " + from + " to " + report.to() + ": prepare", lines.getFirst());
      assertEquals(lines.stream().distinct().toList(), lines);
      String last = lines.getLast();
      assertTrue(
          last.startsWith("swap 1 of 'ram0' to " + report.to() + ": done: 1M copied in"), last);
      assertTrue(last.endsWith(" in all"), last);
      assertTrue(report.time().toNanos() > 0, report::toString);
      assertEquals(
          report.time(), fixture.swaps.history(SwapFixture.RAM0).getFirst().time(), "it has ended");
    } finally {
      logger.detachAppender(log);
      logger.setAdditive(true);
      logger.setLevel(null);
    }
  }

  @Test
  @DisplayName("a warning about a region's file is given once, and again when its cause changes")
  void warningsAreGivenOnce() throws Exception {
    Logger logger = (Logger) LoggerFactory.getLogger(GivenWarnings.class);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.addAppender(log);
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      Path file = Place.TMPFS.file(fixture, 0).orElseThrow();
      Files.move(file, file.resolveSibling("elsewhere"));
      Files.write(file, new byte[(int) SIZE]);
      for (int attempt = 0; attempt < 2; attempt++) {
        fixture.steps = SwapFaults.failing(Step.PERSIST, new IOException("mischief"));
        SwapFixture.assertRolledBack(
            fixture.swap(Place.TMPFS.properties(fixture, 1), SwapFixture.LIMITS), "mischief");
        Files.deleteIfExists(Place.TMPFS.file(fixture, 1).orElseThrow());
      }
      assertEquals(1, log.list.size(), log.list::toString);
      assertTrue(
          log.list.getFirst().getFormattedMessage().contains("is not the file that it is in"),
          log.list::toString);
      Files.delete(file); // removed by now, which is another cause
      SwapFixture.assertRolledBack(
          fixture.swap(Place.TMPFS.properties(fixture, 1), SwapFixture.LIMITS), "mischief");
      assertEquals(2, log.list.size(), log.list::toString);
    } finally {
      logger.detachAppender(log);
    }
  }

  @Test
  @DisplayName("a shortfall of durability is warned of once, not at every swap that leaves it so")
  void aShortfallIsWarnedOfOnce() throws Exception {
    Logger logger = (Logger) LoggerFactory.getLogger("holdfast.backend.mmap");
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.addAppender(log);
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.TMPFS)) {
      for (int number = 1; number <= 3; number++) {
        Map<String, String> there = Place.TMPFS.properties(fixture, number);
        there.put("pmem", "on");
        SwapFixture.assertDone(fixture.swap(there, SwapFixture.LIMITS.withOverwrite(true)));
      }
      assertEquals(
          1,
          log.list.stream()
              .filter(event -> event.getLevel() == Level.WARN)
              .filter(event -> event.getFormattedMessage().contains("the granularity is none, not"))
              .count(),
          log.list::toString);
    } finally {
      logger.detachAppender(log);
    }
  }
}
