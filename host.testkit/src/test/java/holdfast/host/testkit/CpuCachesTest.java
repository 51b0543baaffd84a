package holdfast.host.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What the oracle takes for durable, and its sentences. On native memory without a block. */
class CpuCachesTest {
  private static final int LINE = CpuCaches.LINE;

  private final CpuCaches oracle = new CpuCaches();
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory = arena.allocate(4 * LINE, LINE);
  private final WatchedMemory watch = oracle.watch(memory);

  @AfterEach
  void free() {
    arena.close();
  }

  private static void inAnotherThread(Runnable action) {
    try {
      assertTrue(
          Thread.ofPlatform().name("other").start(action).join(Duration.ofSeconds(10)),
          "the other thread does not end");
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private MemorySegment line(int number) {
    return memory.asSlice((long) number * LINE, LINE);
  }

  private AddressRange range(long offset, long length) {
    long from = memory.address() + offset;
    return new AddressRange(from, from + length);
  }

  private String name(int number) {
    return "line 0x" + Long.toHexString(memory.address() + (long) number * LINE);
  }

  private List<String> persist(long offset, long length, Runnable how) {
    return oracle.persist(List.of(range(offset, length)), how::run);
  }

  @Test
  @DisplayName("a range touches every line that one of its bytes is in, an empty one touches none")
  void linesOfARange() {
    assertEquals(List.of(0L), CpuCaches.linesOf(new AddressRange(0, 1)));
    assertEquals(List.of(0L), CpuCaches.linesOf(new AddressRange(63, 64)));
    assertEquals(List.of(0L, 64L), CpuCaches.linesOf(new AddressRange(63, 65)));
    assertEquals(List.of(64L, 128L), CpuCaches.linesOf(new AddressRange(64, 192)));
    assertEquals(List.of(), CpuCaches.linesOf(new AddressRange(64, 64)));
    assertEquals(List.of(), CpuCaches.linesOf(new AddressRange(70, 70)));
  }

  @Test
  @DisplayName("durable is what was flushed and then drained by the same thread, and nothing else")
  void durableIsWhatWasFlushedAndDrained() {
    List<String> first = List.of(name(0));
    watch.store(1, (byte) 7);
    assertEquals(first, watch.lost(0, LINE));
    oracle.drain();
    assertEquals(first, watch.lost(0, LINE), "drained, not flushed");
    oracle.flush(memory.asSlice(5, 1));
    assertEquals(first, watch.lost(0, LINE), "flushed, not drained");
    inAnotherThread(oracle::drain);
    assertEquals(first, watch.lost(0, LINE), "drained by another thread");
    watch.store(2, (byte) 8);
    oracle.drain();
    assertEquals(7, watch.durable()[1]);
    assertEquals(0, watch.durable()[2], "stored after the flush");
    assertEquals(List.of(), watch.lost(0, 2));
    assertEquals(first, watch.lost(2, 1));
    assertEquals(List.of(), watch.lost(3, 4 * LINE - 3));
    assertEquals(List.of(memory.address()), oracle.flushed());
    assertEquals(3, oracle.drains());
  }

  @Test
  @DisplayName("a flush that is drained late does not bring old bytes back")
  void aLateDrainBringsNothingBack() {
    watch.store(0, (byte) 1);
    oracle.flush(line(0));
    inAnotherThread(
        () -> {
          watch.store(0, (byte) 2);
          oracle.flush(line(0));
          oracle.drain();
        });
    oracle.drain();
    assertEquals(2, watch.durable()[0]);
  }

  @Test
  @DisplayName("stores made beside the oracle are in the image all the same")
  void otherStoresCount() {
    memory.set(ValueLayout.JAVA_BYTE, 65, (byte) 9);
    assertEquals(List.of(name(1)), watch.lost(0, 4 * LINE));
    oracle.flush(line(1));
    oracle.drain();
    assertEquals(9, watch.durable()[65]);
  }

  @Test
  @DisplayName("a right persist earns no sentence, one of an empty range none whatever it does not")
  void aRightPersist() {
    watch.store(60, new byte[10]);
    assertEquals(
        List.of(),
        persist(
            60,
            10,
            () -> {
              oracle.flush(memory.asSlice(60, 10));
              oracle.drain();
            }));
    assertEquals(List.of(), persist(70, 0, () -> {}));
  }

  @Test
  @DisplayName("a line that was never flushed, and one that was stored to after its last flush")
  void notFlushed() {
    assertEquals(List.of(name(1) + " was never flushed"), persist(64, 64, oracle::drain));
    oracle.flush(line(1));
    oracle.drain();
    assertEquals(
        List.of(name(1) + " was not flushed by this persist, only before it"),
        persist(64, 64, oracle::drain));
    inAnotherThread(() -> watch.store(70, (byte) 1));
    assertEquals(
        List.of(name(1) + " was stored to by thread other after its last flush"),
        persist(64, 64, oracle::drain));
  }

  @Test
  @DisplayName("a flush that no drain of the same thread followed before the persist returned")
  void notDrained() {
    List<String> wrong =
        List.of(name(0) + " was flushed, but not drained by the thread that persisted");
    assertEquals(wrong, persist(0, 1, () -> oracle.flush(line(0))));
    oracle.drain();
    assertEquals(
        wrong,
        persist(
            0,
            1,
            () -> {
              oracle.drain();
              oracle.flush(line(0));
            }));
    assertEquals(
        wrong,
        persist(
            0,
            1,
            () -> {
              oracle.flush(line(0));
              inAnotherThread(oracle::drain);
            }));
  }

  @Test
  @DisplayName("what another thread flushes meanwhile is neither to a persist's credit nor blamed")
  void otherThreadsAreOtherPersists() {
    assertEquals(
        List.of(name(0) + " was not flushed by this persist, only before it"),
        persist(
            0,
            1,
            () ->
                inAnotherThread(
                    () -> {
                      oracle.flush(memory);
                      oracle.drain();
                    })));
  }

  @Test
  @DisplayName("needless work: a line flushed twice, and one that the range does not touch")
  void needlessFlushes() {
    assertEquals(
        List.of(
            name(0) + " was flushed 2 times by one persist",
            name(1) + " was flushed, but the range of this persist does not touch it"),
        persist(
            0,
            64,
            () -> {
              oracle.flush(line(0));
              oracle.flush(memory.asSlice(0, 65));
              oracle.drain();
            }));
  }

  @Test
  @DisplayName("with eADR a fence makes all stores before it durable, and a flush is needless work")
  void eadr() {
    CpuCaches platform = new CpuCaches(true);
    WatchedMemory cached = platform.watch(memory);
    cached.store(0, (byte) 1);
    assertEquals(List.of(name(0)), cached.lost(0, 1));
    List<AddressRange> ranges = List.of(range(0, 1));
    assertEquals(List.of(), platform.persist(ranges, platform::drain));
    assertEquals(List.of(), cached.lost(0, 4 * LINE));
    assertEquals(
        List.of(
            "the thread that persisted did not drain, which eADR needs too",
            name(0) + " was flushed, which eADR does not need"),
        platform.persist(ranges, () -> platform.flush(line(0))));
    assertEquals(List.of(), platform.persist(List.of(range(9, 0)), () -> {}));
  }

  @Test
  @DisplayName("an msync that fails makes nothing durable, one that succeeds what its pages held")
  void writeBack() {
    watch.store(64, (byte) 1);
    oracle.writeBack(range(0, 4 * LINE));
    assertEquals(1, watch.lost(0, 4 * LINE).size());
    Runnable done = oracle.writeBack(range(64, LINE));
    watch.store(65, (byte) 2);
    watch.store(0, (byte) 3);
    done.run();
    assertEquals(1, watch.durable()[64]);
    assertEquals(0, watch.durable()[65]);
    assertEquals(0, watch.durable()[0]);
  }

  @Test
  @DisplayName("only native memory of whole lines can be watched, and only what is in it asked for")
  void whatCanBeWatched() {
    MemorySegment heap = MemorySegment.ofArray(new byte[LINE]);
    for (MemorySegment other : List.of(heap, memory.asSlice(1, LINE), memory.asSlice(0, 65))) {
      assertThrows(IllegalArgumentException.class, () -> oracle.watch(other));
    }
    assertThrows(IndexOutOfBoundsException.class, () -> watch.store(4 * LINE, (byte) 1));
    assertThrows(IndexOutOfBoundsException.class, () -> watch.lost(4 * LINE - 1, 2));
  }
}
