package holdfast.backend.mmap;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.mmap.Tracked.Memory;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Writers and scans at the same time, against a model of what each scan must report.
 *
 * <p>A clock stands at {@code 2k} between scan {@code k - 1} and scan {@code k}, and at {@code 2k +
 * 1} during scan {@code k}. A writer looks at it before and after each store: the store happened at
 * some time between. One before scan {@code k} must be in scan {@code k}; one during it, in that or
 * the next.
 */
@Timeout(300)
class DirtyTrackingModelTest {
  private static final int SCANS = 1000;
  private static final int PAGES = 128;
  private static final int TURN = 4;
  private static final int STORES_BETWEEN = 12;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** Pages that writers leave alone and a reader reads: one in eight. */
  private static boolean isLeftAlone(long page) {
    return page % 8 == 5;
  }

  /** What one writer did: for each page, the scans of which one must report it. */
  private static final class Log {
    /** Scan k, for k in the set. */
    private final BitSet[] one = sets();

    /** Scan k or k + 1. */
    private final BitSet[] two = sets();

    /** Page, first and last scan of a longer time. */
    private final List<long[]> longer = new ArrayList<>();

    private static BitSet[] sets() {
      BitSet[] sets = new BitSet[PAGES];
      for (int page = 0; page < PAGES; page++) {
        sets[page] = new BitSet(SCANS);
      }
      return sets;
    }

    void stored(int page, int before, int after) {
      int first = before / 2;
      int last = (after + 1) / 2;
      switch (last - first) {
        case 0 -> one[page].set(first);
        case 1 -> two[page].set(first);
        default -> longer.add(new long[] {page, first, last});
      }
    }
  }

  /** How a writer stores into a page. */
  private interface Store {
    void into(MemorySegment page, long stamp) throws Throwable;
  }

  private static Store ofJava() {
    VarHandle words = JAVA_LONG.varHandle();
    return (page, stamp) -> words.setVolatile(page, stamp % 500 * 8, stamp);
  }

  private static Store ofNativeCode() {
    Linker linker = Linker.nativeLinker();
    MethodHandle memset =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("memset"),
            FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT, JAVA_LONG));
    return (page, stamp) -> {
      MemorySegment part = page.asSlice(4000, 64);
      MemorySegment same = (MemorySegment) memset.invokeExact(part, (int) stamp, 64L);
      assertEquals(part.address(), same.address());
      VarHandle.fullFence();
    };
  }

  /** The writers, the reader and what they share with the scans. */
  private static final class Race {
    private final Tracked tracked;
    private final AtomicInteger clock = new AtomicInteger();
    private final AtomicLong stores = new AtomicLong();
    private volatile boolean over;

    Race(Tracked tracked) {
      this.tracked = tracked;
    }

    Callable<Log> writer(long seed, Store store) {
      return () -> {
        Log log = new Log();
        SplittableRandom random = new SplittableRandom(seed);
        for (long stamp = 1; !over; stamp++) {
          int page = random.nextInt(PAGES);
          if (isLeftAlone(page)) {
            continue;
          }
          MemorySegment memory = page(page);
          int before = clock.get();
          try {
            store.into(memory, stamp);
          } catch (Throwable e) {
            throw new AssertionError(e);
          }
          log.stored(page, before, clock.get());
          stores.incrementAndGet();
          if (stamp % TURN == 0) {
            Thread.yield(); // to the scans, where processors are few
          }
        }
        return log;
      };
    }

    Callable<Long> reader() {
      return () -> {
        SplittableRandom random = new SplittableRandom(0);
        long sum = 0;
        while (!over) {
          sum += page(random.nextInt(PAGES)).get(JAVA_BYTE, 17);
          Thread.yield();
        }
        return sum;
      };
    }

    MemorySegment page(int number) {
      return tracked.block.segment().asSlice(number * tracked.page, tracked.page);
    }

    /** The scans: for each page, those that reported it. */
    BitSet[] scan(DirtyTracking tracking, MemorySegment mirror) throws RamBlockException {
      BitSet[] reported = Log.sets();
      for (int scan = 0; scan < SCANS; scan++) {
        awaitStores(stores.get() + STORES_BETWEEN);
        int number = scan;
        clock.incrementAndGet();
        tracking.scan((offset, length) -> take(reported, number, mirror, offset, length));
        clock.incrementAndGet();
      }
      return reported;
    }

    private void take(BitSet[] reported, int scan, MemorySegment mirror, long offset, long length) {
      MemorySegment.copy(tracked.block.segment(), offset, mirror, offset, length);
      for (long page = offset / tracked.page; page < (offset + length) / tracked.page; page++) {
        assertTrue(!reported[(int) page].get(scan), "reported twice");
        reported[(int) page].set(scan);
      }
    }

    private void awaitStores(long count) {
      long limit = System.nanoTime() + LIMIT.toNanos();
      while (stores.get() < count) {
        assertTrue(System.nanoTime() < limit, "the writers don't go on");
        Thread.yield();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"DISK", "TMPFS", "ANONYMOUS"})
  @DisplayName(
      "1,000 scans against Java and native writers: each store is in the scan after it, or in the"
          + " one that it met; nothing else is reported; copying what is reported copies all")
  void scansAgainstWriters(Memory memory) throws Exception {
    try (Tracked tracked = new Tracked(memory, PAGES);
        DirtyTracking tracking = tracked.arm()) {
      Race race = new Race(tracked);
      MemorySegment mirror = MemorySegment.ofArray(new byte[(int) (PAGES * tracked.page)]);
      List<Log> logs = new ArrayList<>();
      BitSet[] reported;
      ExecutorService threads = Executors.newCachedThreadPool();
      try {
        List<Future<Log>> writers =
            List.of(
                threads.submit(race.writer(1, ofJava())),
                threads.submit(race.writer(2, ofJava())),
                threads.submit(race.writer(3, ofNativeCode())));
        Future<Long> reader = threads.submit(race.reader());
        reported = race.scan(tracking, mirror);
        race.over = true;
        for (Future<Log> writer : writers) {
          logs.add(writer.get(LIMIT.toSeconds(), TimeUnit.SECONDS));
        }
        reader.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
      } finally {
        race.over = true;
        threads.shutdown();
        assertTrue(threads.awaitTermination(LIMIT.toSeconds(), TimeUnit.SECONDS));
      }
      lastScan(race, tracking, reported, mirror);
      assertEquals(-1, mirror.mismatch(tracked.block.segment()), "the copy differs");
      assertEquals(0, tracking.scan((offset, length) -> {}));
      check(logs, reported);
    }
  }

  private static void lastScan(
      Race race, DirtyTracking tracking, BitSet[] reported, MemorySegment mirror)
      throws RamBlockException {
    tracking.scan((offset, length) -> race.take(reported, SCANS, mirror, offset, length));
  }

  private static void check(List<Log> logs, BitSet[] reported) {
    long reports = 0;
    for (int page = 0; page < PAGES; page++) {
      BitSet justified = new BitSet(SCANS);
      for (Log log : logs) {
        for (int scan : log.one[page].stream().toArray()) {
          assertTrue(reported[page].get(scan), "page " + page + " is missing in scan " + scan);
          justified.set(scan);
        }
        for (int scan : log.two[page].stream().toArray()) {
          assertInOneOf(reported[page], page, scan, scan + 1);
          justified.set(scan, scan + 2);
        }
      }
      for (Log log : logs) {
        for (long[] store : log.longer) {
          if (store[0] == page) {
            assertInOneOf(reported[page], page, (int) store[1], (int) store[2]);
            justified.set((int) store[1], (int) store[2] + 1);
          }
        }
      }
      reports += reported[page].cardinality();
      BitSet unjustified = (BitSet) reported[page].clone();
      unjustified.andNot(justified);
      assertEquals(new BitSet(), unjustified, "page " + page + " was not written before");
      assertEquals(isLeftAlone(page), reported[page].isEmpty(), "page " + page);
    }
    assertTrue(reports > SCANS, "only " + reports + " pages reported");
  }

  private static void assertInOneOf(BitSet reported, int page, int first, int last) {
    int next = reported.nextSetBit(first);
    assertTrue(
        next >= 0 && next <= last, "page " + page + " is in no scan from " + first + " to " + last);
  }
}
