package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.machine.admin.FailureKind;
import holdfast.machine.admin.ObjectCounters;
import holdfast.machine.admin.PersistTimes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a region counts of its persists. */
@Timeout(60)
class PersistCountsTest {
  private final RegionFixture there = new RegionFixture();

  @AfterEach
  void close() {
    there.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @DisplayName("not one is lost, by however many threads at a time, and after they have ended")
  void exact(boolean virtual) throws Exception {
    int threads = 50; // more than there are cells
    int each = 10_000;
    PersistCounts counts = new PersistCounts();
    for (int round = 1; round <= 4; round++) {
      List<Thread> running = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        Runnable task =
            () -> {
              for (int n = 0; n < each; n++) {
                counts.add(counts.cell(), 64);
              }
            };
        running.add(
            virtual ? Thread.ofVirtual().start(task) : Thread.ofPlatform().daemon().start(task));
      }
      for (Thread one : running) {
        one.join();
      }
      assertEquals((long) round * threads * each, counts.persists());
      assertEquals((long) round * threads * each * 64, counts.bytes());
    }
  }

  @Test
  @DisplayName("a thread keeps its cell, and one that has ended leaves it to another")
  void cells() throws Exception {
    PersistCounts counts = new PersistCounts();
    int own = counts.cell();
    assertEquals(own, counts.cell());
    List<Integer> cells = new ArrayList<>();
    for (int i = 0; i < 3000; i++) { // one after the other
      Thread next = Thread.ofPlatform().daemon().start(() -> cells.add(counts.cell()));
      next.join();
    }
    assertEquals(own, counts.cell());
    assertEquals(List.of(), cells.stream().filter(cell -> cell == own).toList());
  }

  @Test
  @DisplayName("by page each persist is timed, by cache line one in 64 of a thread")
  void times() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    for (int i = 0; i < 100; i++) {
      region.persist(0, 4096);
    }
    ObjectCounters byPage = region.counters();
    assertEquals(100, byPage.persists());
    assertEquals(100 * 4096, byPage.persistedBytes());
    assertEquals(100, byPage.persistTimes().timed());

    there.addDax();
    for (int i = 0; i < 640; i++) {
      assertEquals(Granularity.CACHE_LINE, region.persist(64, 64));
    }
    ObjectCounters byLine = region.counters();
    assertEquals(740, byLine.persists());
    assertEquals(100 * 4096 + 640 * 64, byLine.persistedBytes());
    assertEquals(110, byLine.persistTimes().timed());
  }

  @Test
  @DisplayName("a time is in the first count whose bound it doesn't exceed")
  void buckets() {
    PersistCounts counts = new PersistCounts();
    List.of(1L, 100L, 101L, 250_000L, 10_000_000_000L, 10_000_000_001L).forEach(counts::addTime);
    PersistTimes times = counts.times();
    assertEquals(6, times.timed());
    assertEquals(2, times.counts().getFirst());
    assertEquals(1, times.counts().get(1));
    int quarter = PersistTimes.BOUNDS.indexOf(Duration.ofNanos(250_000));
    assertEquals(1, times.counts().get(quarter));
    assertEquals(1, times.counts().get(PersistTimes.BOUNDS.indexOf(Duration.ofSeconds(10))));
    assertEquals(1, times.counts().getLast());
    assertEquals(20_000_250_203L, times.sum().toNanos());
  }

  @Test
  @DisplayName("a persist that fails is counted, and so are those that are refused for it")
  void failures() throws Exception {
    there.addFile();
    Region region = there.open(RegionFixture.SHARED);
    assertEquals(FailureKind.NONE, region.counters().failure());
    RegionFixture.block(region).breakDisk();
    assertThrows(PersistException.class, () -> region.persist(0, 8));
    assertThrows(PersistException.class, () -> region.persist(0, 8));
    ObjectCounters counted = region.counters();
    assertEquals(0, counted.persists());
    assertEquals(0, counted.persistedBytes());
    assertEquals(2, counted.failedPersists());
    assertEquals(FailureKind.PERSIST, counted.failure());
  }

  @Test
  @DisplayName(
      "a failure to write back that another call was told of, and a lost page, are told apart")
  void kinds() throws Exception {
    there.addFile();
    Region unwritten = there.open(RegionFixture.SHARED);
    RegionFixture.block(unwritten).lose();
    unwritten.checkWriteBack();
    assertEquals(FailureKind.WRITE_BACK, unwritten.counters().failure());

    Region lost = there.open(RegionFixture.PRIVATE);
    lost.fail(new InternalError());
    assertEquals(FailureKind.LOST_PAGE, lost.counters().failure());
    lost.checkWriteBack();
    assertEquals(FailureKind.LOST_PAGE, lost.counters().failure());
  }
}
