package holdfast.backend.mmap;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The end of a block that somebody is at work on. */
@Timeout(60)
class CloseTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** Work that says when it is under way, and goes on when it is let go. */
  private static final class Work {
    private final CountDownLatch underWay = new CountDownLatch(1);
    private final CountDownLatch letGo = new CountDownLatch(1);

    void hold() {
      underWay.countDown();
      try {
        assertTrue(letGo.await(LIMIT.toSeconds(), TimeUnit.SECONDS));
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    /** Called by native code, which holds the block's segment meanwhile. */
    @SuppressWarnings("unused") // by a method handle
    int compare(MemorySegment one, MemorySegment other) {
      hold();
      return 0;
    }
  }

  @Test
  @DisplayName("close waits for native code that holds the segment, and unmaps only after it")
  void closeWaitsForNativeCode() throws Throwable {
    Linker linker = Linker.nativeLinker();
    MethodHandle qsort =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("qsort"),
            FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS));
    Work work = new Work();
    MethodHandle compare =
        MethodHandles.lookup()
            .bind(
                work,
                "compare",
                MethodType.methodType(int.class, MemorySegment.class, MemorySegment.class));
    try (Bench bench = new Bench(Storage.disk());
        Arena arena = Arena.ofShared()) {
      RamBlock block =
          bench.mapper().map(Bench.spec(bench.file("file"), RamFlag.RAM_SHARED), Bench.KERNEL);
      MemorySegment comparator =
          linker.upcallStub(compare, FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS), arena);
      checkCloseWaits(
          bench,
          block,
          work,
          () -> {
            qsort.invokeExact(block.segment(), 2L, 8L, comparator);
          });
    }
  }

  @Test
  @DisplayName("close waits for a persist that is under way, and unmaps only after it")
  void closeWaitsForAPersist() throws Throwable {
    Work work = new Work();
    try (Bench bench = new Bench(Storage.simulatedDax())) {
      MappingStyle style = MappingStyle.pmem("dax", new SlowFlush(work));
      RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), style);
      checkCloseWaits(bench, block, work, () -> block.persist(0, 1));
    }
  }

  private record SlowFlush(Work work) implements CacheFlush {
    @Override
    public void flush(MemorySegment range) {
      work.hold();
    }

    @Override
    public void drain() {}

    @Override
    public boolean platformFlushesCaches() {
      return false;
    }

    @Override
    public String describe() {
      return "a flush that takes its time";
    }
  }

  private interface Action {
    void run() throws Throwable;
  }

  private static void checkCloseWaits(Bench bench, RamBlock block, Work work, Action action)
      throws InterruptedException {
    bench.libc.forget();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread worker =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    action.run();
                  } catch (Throwable e) {
                    failure.set(e);
                  }
                });
    assertTrue(work.underWay.await(LIMIT.toSeconds(), TimeUnit.SECONDS), () -> "" + failure.get());
    Thread closer = Thread.ofPlatform().daemon().start(block::close);
    awaitRest(closer);
    assertTrue(bench.libc.made(SystemCall.MUNMAP).isEmpty(), "unmapped under somebody's hands");
    work.letGo.countDown();
    assertTrue(closer.join(LIMIT) && worker.join(LIMIT));
    assertNull(failure.get());
    assertFalse(bench.libc.made(SystemCall.MUNMAP).isEmpty());
    assertEquals(List.of(), bench.leaks().leaks());
  }

  private static void awaitRest(Thread thread) {
    long limit = System.nanoTime() + LIMIT.toNanos();
    while (thread.getState() != Thread.State.TIMED_WAITING
        && thread.getState() != Thread.State.WAITING) {
      assertTrue(System.nanoTime() < limit, () -> "does not wait but is " + thread.getState());
      Thread.onSpinWait();
    }
  }
}
