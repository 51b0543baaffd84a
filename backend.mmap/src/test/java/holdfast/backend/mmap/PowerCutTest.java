package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlock;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import holdfast.host.testkit.WatchedMemory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Blocks on simulated DAX, on a machine whose CPU caches lose what was not flushed: whatever is
 * stored and persisted, by whichever thread, a power cut takes nothing that persist promised.
 */
class PowerCutTest {
  private static final int SIZE = (int) Bench.SIZE.bytes();
  private static final int THREADS = 3;
  private static final int LINE = FlushOracle.LINE;
  private static final int PAGE = 4096;

  /** A number in the block that is increased by one thread at a time. */
  private static final class Counter {
    private final int offset;
    private long value;

    Counter(int offset) {
      this.offset = offset;
    }

    synchronized long increase(WatchedMemory memory) {
      value++;
      memory.store(offset, ByteBuffer.allocate(Long.BYTES).putLong(value).array());
      return value;
    }

    long durable(WatchedMemory memory) {
      return ByteBuffer.wrap(memory.durable()).getLong(offset);
    }
  }

  @Test
  @Timeout(60)
  @DisplayName(
      "threads that increase and persist the same counters at once: none is durable with less than"
          + " what a thread had persisted")
  void countersNeverFallBehind() throws Exception {
    try (Bench bench = new Bench(Storage.simulatedDax());
        RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), bench.pmem);
        ExecutorService pool = Executors.newFixedThreadPool(THREADS)) {
      // of a small block, since each look at what is durable copies it
      WatchedMemory memory = bench.oracle.watch(block.segment().asSlice(0, PAGE));
      memory.store(0, new byte[PAGE]);
      List<Counter> counters = new ArrayList<>();
      for (int at = 0; at < 4 * LINE; at += 3 * Long.BYTES + 3) { // some lie across a line border
        counters.add(new Counter(at));
      }
      CyclicBarrier start = new CyclicBarrier(THREADS);
      Callable<Boolean> work =
          () -> {
            start.await(10, TimeUnit.SECONDS);
            for (int round = 0; round < 300; round++) {
              ThreadLocalRandom random = ThreadLocalRandom.current();
              Counter counter = counters.get(random.nextInt(counters.size()));
              long mine = counter.increase(memory);
              int from = random.nextInt(counter.offset + 1);
              int end = counter.offset + Long.BYTES + random.nextInt(2 * LINE);
              assertEquals(List.of(), bench.oracle.persist(block, from, end - from));
              assertTrue(counter.durable(memory) >= mine);
            }
            return true;
          };
      List<Callable<Boolean>> all = Collections.nCopies(THREADS, work);
      for (Future<Boolean> end : pool.invokeAll(all, 50, TimeUnit.SECONDS)) {
        assertTrue(end.get());
      }
    }
  }

  @Test
  @DisplayName(
      "from file to DAX and back: what was stored before a re-map is durable when it returns, and"
          + " each persist goes the way of its mapping")
  void storesCrossARemap() throws Exception {
    try (Bench bench = new Bench(Storage.simulatedDax())) {
      RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), Bench.KERNEL);
      WatchedMemory memory = bench.oracle.watch(block.segment());
      assertEquals(Granularity.PAGE, block.durability().obtained());
      memory.store(LINE - 1, (byte) 1, (byte) 2);
      assertEquals(2, memory.lost(0, SIZE).size());

      block = bench.mapper().remap(block, bench.pmem);
      assertEquals(Granularity.CACHE_LINE, block.durability().obtained());
      assertEquals(List.of(), memory.lost(0, SIZE));
      assertEquals(List.of(), bench.oracle.flushed());

      memory.store(PAGE - 1, (byte) 3, (byte) 4);
      bench.libc.forget();
      assertEquals(List.of(), bench.oracle.persist(block, PAGE - 1, 2));
      assertEquals(List.of(), memory.lost(0, SIZE));
      assertEquals(List.of(), bench.libc.made(SystemCall.MSYNC));

      memory.store(2 * PAGE, (byte) 5);
      int flushes = bench.oracle.flushed().size();
      block = bench.mapper().remap(block, Bench.KERNEL);
      assertEquals(List.of(), memory.lost(0, SIZE));
      memory.store(3 * PAGE - 1, (byte) 6, (byte) 7, (byte) 8);
      block.persist(3 * PAGE - 1, 2);
      assertEquals(List.of(), memory.lost(0, SIZE));
      assertEquals(flushes, bench.oracle.flushed().size());
      block.close();
    }
  }

  @Test
  @DisplayName(
      "a store at the very moment of the exchange, after the first write-back, is durable when the"
          + " re-map returns")
  void aStoreDuringTheExchange() throws Exception {
    for (boolean toDax : List.of(true, false)) {
      try (Bench bench = new Bench(Storage.simulatedDax())) {
        RamBlock block =
            bench
                .mapper()
                .map(Bench.pmemSpec(bench.file("file")), toDax ? Bench.KERNEL : bench.pmem);
        WatchedMemory memory = bench.oracle.watch(block.segment());
        AtomicInteger stores = new AtomicInteger();
        long window = block.segment().address();
        bench.libc.with(
            new Fault(
                call -> {
                  if (call.call() == SystemCall.MMAP
                      && call.arguments().getFirst().equals(window)) {
                    memory.store(100 * stores.incrementAndGet(), (byte) 0x77);
                  }
                  return false;
                },
                Errno.EIO,
                Fault.Harm.NONE));
        block = bench.mapper().remap(block, toDax ? bench.pmem : Bench.KERNEL);
        assertEquals(1, stores.get());
        assertEquals(List.of(), memory.lost(0, SIZE));
        block.close();
      }
    }
  }

  @Test
  @DisplayName("detached: persists go through msync, the cache flush of the lost allocator rests")
  void detached() throws Exception {
    for (FlushOracle oracle : List.of(new FlushOracle(), new FlushOracle(true))) {
      try (Bench bench = new Bench(Storage.simulatedDax())) {
        bench.libc.withOracle(oracle);
        MappingStyle style = MappingStyle.pmem("dax", oracle);
        RamBlock present = bench.mapper().map(Bench.pmemSpec(bench.file("file")), style);
        WatchedMemory memory = oracle.watch(present.segment());
        memory.store(PAGE - 1, (byte) 1, (byte) 2);
        RamBlock block = present.detach();
        block.persist(PAGE - 1, 2);
        assertEquals(List.of(), memory.lost(0, SIZE));
        assertEquals(List.of(), oracle.flushed());
        assertEquals(0, oracle.drains());
        block.close();
      }
    }
  }
}
