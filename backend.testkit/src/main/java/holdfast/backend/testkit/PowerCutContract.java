package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.testkit.WatchedMemory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Tests what a power cut leaves, on a machine whose CPU caches lose what was not flushed ({@link
 * FlushOracle}). If nothing is durable there is nothing to check.
 */
interface PowerCutContract extends Contract {

  /** Returns a block whose persists make something durable. */
  private RamBlock durableBlock(String name) throws RamBlockException {
    RamBlockSpec spec = fixture().spec(fixture().folder().resolve(name), RamFlag.RAM_SHARED);
    assumeTrue(
        fixture().expectedGranularity(spec) != Granularity.NONE,
        "persist does nothing on " + fixture().storage());
    return fixture().allocator().allocate(spec);
  }

  /**
   * Persists a range, and checks at cache-line granularity that its lines are flushed once and
   * fenced.
   */
  private void persist(RamBlock block, long offset, long length) throws PersistException {
    if (block.durability().obtained() == Granularity.CACHE_LINE) {
      assertEquals(List.of(), fixture().oracle().persist(block, offset, length));
    } else {
      block.persist(offset, length);
    }
  }

  @Test
  @DisplayName(
      "what was stored into a range before its persist survives a power cut, and at cache-line"
          + " granularity no line is flushed that need not be")
  default void aPersistedRangeSurvives() throws RamBlockException {
    long size = AllocatorFixture.SIZE.bytes();
    long[][] ranges = {
      {0, 0},
      {size, 0},
      {0, 1},
      {63, 1},
      {63, 2},
      {64, 64},
      {1, 127},
      {4095, 2},
      {100, 10_000},
      {size - 1, 1},
      {size - 65, 65},
      {0, size}
    };
    try (RamBlock block = durableBlock("persisted")) {
      WatchedMemory memory = fixture().oracle().watch(block.segment());
      Random random = new Random(1);
      for (long[] range : ranges) {
        byte[] bytes = new byte[(int) size];
        random.nextBytes(bytes);
        memory.store(0, bytes); // outside of the range, too, where nothing is guaranteed
        persist(block, range[0], range[1]);
        assertEquals(List.of(), memory.lost(range[0], range[1]), () -> range[0] + " + " + range[1]);
      }
    }
  }

  @Test
  @DisplayName("a store that nobody persisted is at the mercy of a power cut (the check can fail)")
  default void anUnpersistedStoreIsLost() throws RamBlockException {
    try (RamBlock block = durableBlock("lost")) {
      WatchedMemory memory = fixture().oracle().watch(block.segment());
      memory.store(8192, (byte) 1);
      block.persist(0, 4096);
      long line = block.segment().address() + 8192;
      assertEquals(List.of("line 0x" + Long.toHexString(line)), memory.lost(0, 16384));
    }
  }

  @Test
  @DisplayName("threads that store into and persist the same lines each keep what they persisted")
  default void threadsShareLines() throws Exception {
    int threads = 4;
    try (RamBlock block = durableBlock("shared");
        ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      WatchedMemory memory = fixture().oracle().watch(block.segment());
      CyclicBarrier start = new CyclicBarrier(threads);
      List<Callable<Boolean>> work = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        int own = thread * Long.BYTES; // in a line that all of them store into
        work.add(
            () -> {
              Random random = new Random(own);
              start.await(10, TimeUnit.SECONDS);
              for (int round = 0; round < 50; round++) {
                int at = own + random.nextInt(4) * FlushOracle.LINE;
                byte[] value = ByteBuffer.allocate(Long.BYTES).putLong(random.nextLong()).array();
                memory.store(at, value);
                persist(block, at, value.length);
                assertEquals(List.of(), memory.lost(at, value.length));
              }
              return true;
            });
      }
      for (Future<Boolean> end : pool.invokeAll(work, 50, TimeUnit.SECONDS)) {
        assertTrue(end.get());
      }
    }
  }

  @Test
  @DisplayName("what was stored before a re-map survives a power cut after it, persisted or not")
  default void aRemapLosesNothing() throws RamBlockException {
    RamBlock block = durableBlock("remapped");
    WatchedMemory memory = fixture().oracle().watch(block.segment());
    for (boolean sync : new boolean[] {false, true}) {
      memory.store(5000, (byte) (sync ? 1 : 2), (byte) 3);
      block = fixture().mapper().remap(block, AllocatorFixture.otherStyle(sync));
      assertEquals(List.of(), memory.lost(0, AllocatorFixture.SIZE.bytes()));
      memory.store(63, (byte) (sync ? 4 : 5), (byte) 6);
      block = fixture().allocator().remap(block);
      assertEquals(List.of(), memory.lost(0, AllocatorFixture.SIZE.bytes()));
      memory.store(127, (byte) (sync ? 7 : 8), (byte) 9);
      persist(block, 127, 2);
      assertEquals(List.of(), memory.lost(127, 2));
    }
    block.close();
  }

  @Test
  @DisplayName("what a detached block persists survives a power cut, and needs no cache flush")
  default void aDetachedBlockLosesNothing() throws RamBlockException {
    RamBlock present = durableBlock("detached");
    WatchedMemory memory = fixture().oracle().watch(present.segment());
    memory.store(63, (byte) 1, (byte) 2);
    try (RamBlock detached = present.detach()) {
      memory.store(4095, (byte) 3, (byte) 4);
      detached.persist(63, 4034);
      assertEquals(List.of(), memory.lost(63, 4034));
      assertEquals(List.of(), fixture().oracle().flushed());
      assertEquals(0, fixture().oracle().drains());
    }
  }
}
