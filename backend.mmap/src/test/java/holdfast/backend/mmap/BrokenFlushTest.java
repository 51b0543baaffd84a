package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.RamBlock;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.WatchedMemory;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * That the oracle can fail: production's block persists through a cache flush with one fault, and
 * the oracle names it. On simulated DAX.
 */
@Timeout(60)
class BrokenFlushTest {
  private static final int LINE = FlushOracle.LINE;

  /** Persisted are bytes of the lines 1 to 5: the last of line 1 to the first of line 5. */
  private static final int FROM = 2 * LINE - 1;

  private static final int LENGTH = 3 * LINE + 2;

  private static final String NEVER = " was never flushed";
  private static final String NOT_DRAINED =
      " was flushed, but not drained by the thread that persisted";
  private static final String OUTSIDE =
      " was flushed, but the range of this persist does not touch it";

  /** What can be wrong with a cache flush, and the oracle's sentence for it. */
  private enum Fault {
    NONE("") {
      @Override
      void flush(FlushOracle oracle, MemorySegment range) {
        oracle.flush(range);
      }
    },
    NO_FLUSH(NEVER, 1, 2, 3, 4, 5) {
      @Override
      void flush(FlushOracle oracle, MemorySegment range) {}
    },
    FIRST_LINE_DROPPED(NEVER, 1) {
      @Override
      void flush(FlushOracle oracle, MemorySegment range) {
        oracle.flush(range.asSlice(1));
      }
    },
    LAST_LINE_DROPPED(NEVER, 5) {
      @Override
      void flush(FlushOracle oracle, MemorySegment range) {
        oracle.flush(range.asSlice(0, range.byteSize() - 1));
      }
    },
    ONE_LINE_IN_THE_MIDDLE_DROPPED(NEVER, 3) {
      @Override
      void flush(FlushOracle oracle, MemorySegment range) {
        oracle.flush(range.asSlice(0, LINE));
        oracle.flush(range.asSlice(1 + 2 * LINE));
      }
    },
    ONE_LINE_TWICE(" was flushed 2 times by one persist", 2) {
      @Override
      void flush(FlushOracle oracle, MemorySegment range) {
        oracle.flush(range.asSlice(0, 1 + LINE));
        oracle.flush(range.asSlice(LINE));
      }
    },
    A_LINE_TOO_MUCH(OUTSIDE, 6) {
      @Override
      void flush(FlushOracle oracle, MemorySegment range) {
        oracle.flush(range.reinterpret(range.byteSize() + LINE));
      }
    },
    NO_DRAIN(NOT_DRAINED, 1, 2, 3, 4, 5) {
      @Override
      void drain(FlushOracle oracle) {}
    },
    DRAINED_BY_ANOTHER_THREAD(NOT_DRAINED, 1, 2, 3, 4, 5) {
      @Override
      void drain(FlushOracle oracle) {
        try {
          assertTrue(Thread.ofPlatform().start(oracle::drain).join(Duration.ofSeconds(10)));
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
    },
    DRAINED_BEFORE_THE_FLUSH(NOT_DRAINED, 1, 2, 3, 4, 5) {
      @Override
      void flush(FlushOracle oracle, MemorySegment range) {
        oracle.drain();
        oracle.flush(range);
      }

      @Override
      void drain(FlushOracle oracle) {}
    };

    private final String sentence;
    private final int[] lines;

    Fault(String sentence, int... lines) {
      this.sentence = sentence;
      this.lines = lines;
    }

    void flush(FlushOracle oracle, MemorySegment range) {
      oracle.flush(range);
    }

    void drain(FlushOracle oracle) {
      oracle.drain();
    }

    /** Whether stores are lost by it; otherwise it is needless work. */
    boolean loses() {
      return sentence.equals(NEVER) || sentence.equals(NOT_DRAINED);
    }
  }

  /** The oracle behind a fault. */
  private record Broken(FlushOracle oracle, Fault fault) implements CacheFlush {
    @Override
    public void flush(MemorySegment range) {
      fault.flush(oracle, range);
    }

    @Override
    public void drain() {
      fault.drain(oracle);
    }

    @Override
    public boolean platformFlushesCaches() {
      return oracle.platformFlushesCaches();
    }

    @Override
    public String describe() {
      return fault.toString();
    }
  }

  private static List<String> names(RamBlock block, int... lines) {
    long first = block.segment().address();
    return IntStream.of(lines)
        .mapToObj(line -> "line 0x" + Long.toHexString(first + (long) line * LINE))
        .toList();
  }

  private static byte[] ones() {
    byte[] bytes = new byte[LENGTH];
    Arrays.fill(bytes, (byte) 0x11);
    return bytes;
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("each fault of a cache flush is named with its lines, and what it loses is lost")
  void eachFaultIsNamed(Fault fault) throws Exception {
    try (Bench bench = new Bench(Storage.simulatedDax());
        RamBlock block = bench.mapFlushedBy(new Broken(bench.oracle, fault))) {
      WatchedMemory memory = bench.oracle.watch(block.segment());
      memory.store(FROM, ones());
      List<String> expected =
          names(block, fault.lines).stream().map(line -> line + fault.sentence).toList();
      assertEquals(expected, bench.oracle.persist(block, FROM, LENGTH));
      List<String> lost = fault.loses() ? names(block, fault.lines) : List.of();
      assertEquals(lost, memory.lost(FROM, LENGTH));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FIRST_LINE_DROPPED", "LAST_LINE_DROPPED", "ONE_LINE_IN_THE_MIDDLE_DROPPED"})
  @DisplayName("a line that was flushed once does not hide that a later persist drops it")
  void anEarlierFlushHidesNothing(Fault fault) throws Exception {
    try (Bench bench = new Bench(Storage.simulatedDax());
        RamBlock block = bench.mapFlushedBy(new Broken(bench.oracle, fault))) {
      bench.oracle.flush(block.segment());
      bench.oracle.drain();
      WatchedMemory memory = bench.oracle.watch(block.segment());
      memory.store(FROM, ones());
      String line = names(block, fault.lines).getFirst();
      String thread = Thread.currentThread().getName();
      assertEquals(
          List.of(line + " was stored to by thread " + thread + " after its last flush"),
          bench.oracle.persist(block, FROM, LENGTH));
      assertEquals(names(block, fault.lines), memory.lost(FROM, LENGTH));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"NONE", "NO_DRAIN"})
  @DisplayName("a persist that returns before its drain is caught, though the drain comes later")
  void aDrainAfterThePersistIsTooLate(Fault fault) throws Exception {
    List<Boolean> seen = new ArrayList<>();
    try (Bench bench = new Bench(Storage.simulatedDax());
        RamBlock block = bench.mapFlushedBy(new Broken(bench.oracle, fault))) {
      WatchedMemory memory = bench.oracle.watch(block.segment());
      memory.store(FROM, ones());
      seen.add(bench.oracle.persist(block, FROM, LENGTH).isEmpty());
      seen.add(memory.lost(FROM, LENGTH).isEmpty());
      bench.oracle.drain();
      seen.add(memory.lost(FROM, LENGTH).isEmpty());
    }
    boolean right = fault == Fault.NONE;
    assertEquals(List.of(right, right, true), seen);
  }
}
