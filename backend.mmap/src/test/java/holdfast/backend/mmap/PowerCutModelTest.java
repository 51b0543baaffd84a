package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.WatchedMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/**
 * Whatever several threads store into a block on simulated DAX and persist of it, a persist makes
 * the lines of its range durable as they are at that moment, by one flush each and one drain, and
 * no other lines.
 */
class PowerCutModelTest {
  private static final int SIZE = (int) Bench.SIZE.bytes();
  private static final int THREADS = 3;
  private static final int LINE = FlushOracle.LINE;

  /** Something that one thread does to a range of the block. */
  record Step(boolean persist, int thread, int offset, int length, byte value) {}

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<Integer> border = Arbitraries.integers().between(0, SIZE / LINE).map(i -> i * LINE);
    Arbitrary<Integer> near =
        Combinators.combine(border, Arbitraries.integers().between(-2, 2)).as(Integer::sum);
    // half of all steps are in the first lines, where they meet
    Arbitrary<Integer> offset =
        Arbitraries.frequencyOf(
                Tuple.of(4, Arbitraries.integers().between(0, 5 * LINE)),
                Tuple.of(3, near),
                Tuple.of(1, Arbitraries.of(0, SIZE)))
            .map(at -> Math.clamp(at, 0, SIZE));
    Arbitrary<Integer> length =
        Arbitraries.frequencyOf(
            Tuple.of(4, Arbitraries.integers().between(0, 3 * LINE)),
            Tuple.of(3, near),
            Tuple.of(1, Arbitraries.of(0, SIZE)));
    return Combinators.combine(
            Arbitraries.of(true, false),
            Arbitraries.integers().between(0, THREADS - 1),
            offset,
            length,
            Arbitraries.bytes())
        .as(
            (persist, thread, from, bytes, value) ->
                new Step(persist, thread, from, Math.clamp(bytes, 0, SIZE - from), value))
        .list()
        .ofMaxSize(20);
  }

  @Property(tries = 150, edgeCases = EdgeCasesMode.NONE)
  void eachPersistMakesItsLinesDurableAndNoOthers(@ForAll("steps") List<Step> steps)
      throws Exception {
    try (Bench bench = new Bench(Storage.simulatedDax());
        RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), bench.pmem)) {
      WatchedMemory memory = bench.oracle.watch(block.segment());
      byte[] present = memory.durable();
      byte[] durable = present.clone();
      int drains = 0;
      List<ExecutorService> threads = new ArrayList<>();
      try {
        for (int i = 0; i < THREADS; i++) {
          threads.add(Executors.newSingleThreadExecutor());
        }
        for (Step step : steps) {
          ExecutorService thread = threads.get(step.thread);
          int end = step.offset + step.length;
          if (step.persist) {
            assertEquals(
                List.of(), in(thread, () -> persist(bench.oracle, block, step)), step::toString);
            assertEquals(List.of(), memory.lost(step.offset, step.length));
            if (step.length > 0) {
              int from = step.offset & -LINE;
              int to = (end + LINE - 1) & -LINE;
              System.arraycopy(present, from, durable, from, to - from);
              drains++;
            }
          } else {
            byte[] bytes = new byte[step.length];
            Arrays.fill(bytes, step.value);
            in(
                thread,
                () -> {
                  memory.store(step.offset, bytes);
                  return true;
                });
            Arrays.fill(present, step.offset, end, step.value);
          }
          assertArrayEquals(durable, memory.durable(), "what is durable, byte for byte");
        }
        assertEquals(drains, bench.oracle.drains(), "one for each persist");
      } finally {
        threads.forEach(ExecutorService::shutdownNow);
      }
    }
  }

  private static List<String> persist(FlushOracle oracle, RamBlock block, Step step)
      throws RamBlockException {
    return oracle.persist(block, step.offset, step.length);
  }

  private static <T> T in(ExecutorService thread, Callable<T> action) throws Exception {
    return thread.submit(action).get(10, TimeUnit.SECONDS);
  }
}
