package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Granularity;
import holdfast.machine.api.RegionState;
import holdfast.machine.config.AllocatorFilter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Timeout;

/**
 * Allocators come and go in several threads at once while the memory is written, read and
 * persisted: nobody meets an error or a byte that is wrong, and in the end the best allocator that
 * is left has the region. The repetition's number is the seed.
 */
@Timeout(120)
class ConcurrentChangesTest {
  private static final int CHANGES = 2_000;
  private static final long LIMIT_SECONDS = 60;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Candidates candidates = new Candidates();

  @AfterEach
  void close() {
    threads.shutdownNow();
  }

  @RepeatedTest(5)
  void endsWithTheBestThatIsLeftAndLosesNothing(RepetitionInfo repetition) throws Exception {
    FakeAllocator[] allocators = {
      new FakeAllocator("page", Granularity.PAGE),
      new FakeAllocator("cache-line", Granularity.CACHE_LINE),
      new FakeAllocator("byte", Granularity.BYTE)
    };
    candidates.add(allocators[0], allocators[0].properties(1, 0));
    AtomicReference<Region.Status> lastTold = new AtomicReference<>();
    Region region =
        Region.open(
            RegionFixture.SHARED, candidates, AllocatorFilter.ANY, r -> lastTold.set(r.status()));
    MemorySegment memory = region.segment();
    AtomicBoolean ended = new AtomicBoolean();
    CyclicBarrier start = new CyclicBarrier(allocators.length + 2);

    List<Future<Boolean>> changing = new ArrayList<>();
    for (int number = 0; number < allocators.length; number++) {
      FakeAllocator allocator = allocators[number];
      int ranking = number;
      Random random = new Random(repetition.getCurrentRepetition() * 31L + number);
      changing.add(
          start(
              start,
              () -> {
                boolean present = false;
                for (int i = 0; i < CHANGES; i++) {
                  present = random.nextBoolean();
                  if (present) {
                    candidates.add(allocator, allocator.properties(ranking + 1, ranking));
                  } else {
                    candidates.remove(allocator);
                  }
                }
                return present;
              }));
    }
    Future<Boolean> guest = start(start, () -> writeAndRead(memory, ended));
    Future<Boolean> persisting = start(start, () -> persist(region, ended));

    List<Boolean> present = new ArrayList<>();
    for (Future<Boolean> thread : changing) {
      present.add(thread.get(LIMIT_SECONDS, TimeUnit.SECONDS));
    }
    ended.set(true);
    assertTrue(guest.get(LIMIT_SECONDS, TimeUnit.SECONDS));
    assertTrue(persisting.get(LIMIT_SECONDS, TimeUnit.SECONDS));

    int best = present.lastIndexOf(true);
    Region.Status status = region.status();
    assertEquals(best < 0 ? "" : allocators[best].kind(), status.allocator());
    assertEquals(best < 0 ? RegionState.DETACHED : RegionState.ATTACHED, status.state());
    assertEquals("", best < 0 ? "" : status.note());
    assertTrue(RegionFixture.block(region).isCurrent());
    assertSame(memory, region.segment());
    assertFalse(lastTold.get() == null, "changes were told");
    region.close();
  }

  private Future<Boolean> start(CyclicBarrier start, Callable<Boolean> work) {
    return threads.submit(
        () -> {
          start.await(LIMIT_SECONDS, TimeUnit.SECONDS);
          return work.call();
        });
  }

  private static boolean writeAndRead(MemorySegment memory, AtomicBoolean ended) {
    for (long value = 1; !ended.get(); value++) {
      long offset = value * Long.BYTES % memory.byteSize();
      memory.set(ValueLayout.JAVA_LONG, offset, value);
      assertEquals(value, memory.get(ValueLayout.JAVA_LONG, offset));
    }
    return true;
  }

  private static boolean persist(Region region, AtomicBoolean ended) throws Exception {
    while (!ended.get()) {
      assertNotEquals(Granularity.NONE, region.persist(0, 8192));
    }
    return true;
  }
}
