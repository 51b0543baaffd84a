package holdfast.machine.swap;

import static holdfast.machine.swap.SwapFixture.LIMITS;
import static holdfast.machine.swap.SwapFixture.assertDone;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.mmap.RamMapper;
import holdfast.host.testkit.LeakCheck;
import holdfast.machine.api.SwapReport;
import holdfast.machine.swap.internal.journal.ImageNotes;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Whole swaps of real blocks between all kinds of memory, while a guest works. With {@code
 * -Dholdfast.test.swaps=N} in N rounds over each pair instead of as many as run in a minute.
 */
@Timeout(600)
class SwapTaskTest {
  /** Two swaps each, there and back. */
  private static final int ROUNDS = Integer.getInteger("holdfast.test.swaps", 5);

  private static final int ROUNDS_ON_DISK = Integer.getInteger("holdfast.test.swaps", 2);

  /**
   * Room for more pages that are dirty and far from each other than the kernel tells at once. In
   * smaller regions a scan is a single call, and nothing happens between two.
   */
  private static final long SIZE = 64L << 20;

  @ParameterizedTest(name = "{0} and {1}")
  @CsvSource({
    "TMPFS, TMPFS",
    "TMPFS, MEMFD",
    "TMPFS, ANONYMOUS",
    "TMPFS, PRIVATE",
    "MEMFD, MEMFD",
    "MEMFD, ANONYMOUS",
    "MEMFD, PRIVATE",
    "ANONYMOUS, ANONYMOUS",
    "ANONYMOUS, PRIVATE",
    "PRIVATE, PRIVATE",
    "DISK, DISK",
    "DISK, TMPFS",
    "DISK, MEMFD",
    "DISK, ANONYMOUS",
    "DISK, PRIVATE",
  })
  @DisplayName(
      "between any two kinds of memory, there and back: no record is torn, lost or goes backwards,"
          + " addresses stay, the new file holds it all, the old one's lock is free, nothing leaks")
  void thereAndBack(Place here, Place there) throws Exception {
    boolean tracked = new RamMapper().trackingObstacle().isEmpty();
    int rounds = here == Place.DISK ? ROUNDS_ON_DISK : ROUNDS;
    try (SwapFixture fixture = new SwapFixture(SIZE, here)) {
      MemorySegment segment = fixture.region().segment();
      try (StampingGuest guest = new StampingGuest(segment).start(3, 2, false, 50_000)) {
        guest.writers.forEach(fixture.writers::add);
        int number = 0;
        Optional<Path> old = here.file(fixture, number);
        for (int round = 0; round < 2 * rounds; round++) {
          Place next = round % 2 == 0 ? there : here;
          number++;
          Optional<Path> file = next.file(fixture, number);
          Map<String, String> changes = next.properties(fixture, number);
          SwapReport report = fixture.swap(changes, LIMITS.withVerify(true));
          assertDone(report);
          assertTrue(report.copied().bytes() >= segment.byteSize(), report::toString);
          assertEquals(tracked, report.round() > 0, report::toString);
          assertSame(segment, fixture.region().segment());
          check(guest, segment, file, old);
          old = file;
        }
        assertEquals(2 * rounds, fixture.swaps.history(SwapFixture.RAM0).getFirst().number());
        assertTrue(guest.checked() > 0, "readers read");
        guest.writers.forEach(writer -> assertTrue(writer.records.get() > 0));
      }
      assertEquals(List.of(), fixture.swaps.running(SwapFixture.RAM0).stream().toList());
    }
  }

  private static void check(
      StampingGuest guest, MemorySegment segment, Optional<Path> file, Optional<Path> old)
      throws Exception {
    guest.whilePaused(
        () -> {
          guest.assertAllIn(segment);
          if (file.isPresent()) {
            assertHolds(guest, file.get());
          }
        });
    if (file.isPresent()) {
      assertTrue(LeakCheck.isLocked(file.get()), "the new file is locked");
      assertEquals(Optional.empty(), ImageNotes.refusal(file.get()));
    }
    if (old.isPresent()) {
      assertFalse(LeakCheck.isLocked(old.get()), "the old file's lock is free");
      assertFalse(ImageNotes.refusal(old.get()).isEmpty(), "the old file is out of date");
    }
  }

  /** That a file, by its own name, has what the writers left. */
  static void assertHolds(StampingGuest guest, Path file) throws IOException {
    try (Arena arena = Arena.ofConfined();
        FileChannel channel = FileChannel.open(file)) {
      guest.assertAllIn(channel.map(FileChannel.MapMode.READ_ONLY, 0, Files.size(file), arena));
    }
  }
}
