package holdfast.machine.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.SwapLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** When the rounds of a copy end, with a disk and a guest that keep to numbers. */
class PreCopyLoopTest {
  private static final long PAGE = 4096;
  private static final long MILLISECOND = 1_000_000;
  private static final SwapLimits LIMITS =
      SwapLimits.DEFAULT.withDowntime(Duration.ofMillis(20)).withRounds(6);

  private final List<PreCopyLoop.Round> ended = new ArrayList<>();

  /** Copies a page in a microsecond, and persists one in {@code persist} of them. */
  private PreCopyLoop.Work<DirtyRanges> work(long persist, int dirtied, double shrinks) {
    return new PreCopyLoop.Work<>() {
      private long last;
      private double pages = dirtied;

      @Override
      public void begin(int round) {}

      @Override
      public long copy(DirtyRanges ranges) {
        last = ranges.bytes() / PAGE;
        return last * 1000;
      }

      @Override
      public long persist() {
        return last * persist * 1000;
      }

      @Override
      public DirtyRanges collect() {
        DirtyRanges found = new DirtyRanges();
        found.add(0, (long) pages * PAGE);
        pages *= shrinks;
        return found;
      }

      @Override
      public void end(PreCopyLoop.Round round) {
        ended.add(round);
      }
    };
  }

  private static DirtyRanges all() {
    DirtyRanges all = new DirtyRanges();
    all.add(0, 10_000 * PAGE);
    return all;
  }

  @Test
  @DisplayName("the expected pause has the persist in it, by what persists took so far")
  void persistCounts() throws Exception {
    new PreCopyLoop<>(LIMITS, work(9, 1000, 0.1)).run(all());
    assertTrue(ended.getFirst().pause().toNanos() >= 10 * MILLISECOND);
    assertEquals(3, ended.size(), "while it shrinks, another round costs less than it saves");
  }

  @Test
  @DisplayName("a disk that is slower than the guest ends the rounds, though copying would fit")
  void tooSlow() {
    GivenUpException given =
        assertThrows(
            GivenUpException.class, () -> new PreCopyLoop<>(LIMITS, work(100, 1000, 1)).run(all()));
    assertEquals(LIMITS.rounds(), ended.size());
    assertTrue(("" + given.getMessage()).contains("for 101 ms"), given::getMessage);
  }

  @Test
  @DisplayName("where nothing is dirty, no limit is too short")
  void nothingIsLeft() throws Exception {
    DirtyRanges left =
        new PreCopyLoop<>(LIMITS.withDowntime(Duration.ofNanos(1)), work(100, 0, 1)).run(all());
    assertEquals(0, left.bytes());
  }
}
