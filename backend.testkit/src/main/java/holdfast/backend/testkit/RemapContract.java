package holdfast.backend.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RetiredBlockException;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.LiveAccess;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Tests the exchange of a live block for another one on the same file. */
interface RemapContract extends Contract {

  @Test
  @DisplayName("a re-map keeps segment, address and bytes while a guest reads and writes")
  default void readersAndWritersNeverNoticeARemap() throws RamBlockException, IOException {
    Path path = fixture().folder().resolve("live");
    RamBlock block = fixture().allocator().allocate(fixture().spec(path, RamFlag.RAM_SHARED));
    MemorySegment segment = block.segment();
    LiveAccess guest = LiveAccess.over(segment);
    try (guest) {
      for (int round = 0; round < 9; round++) {
        block =
            round % 3 == 2
                ? fixture().allocator().remap(block)
                : fixture().mapper().remap(block, AllocatorFixture.otherStyle(round % 3 == 1));
        assertSame(segment, block.segment());
        guest.awaitProgress();
      }
    } finally {
      if (guest.ends().isEmpty()) {
        guest.assertHeldBy(segment);
      }
      block.close();
    }
    guest.assertHeldBy(MemorySegment.ofArray(Files.readAllBytes(path)));
  }

  @Test
  @DisplayName("a block taken over from any other allocator gets what a new one would get")
  default void aBlockTakenOverIsAsGoodAsANewOne() throws RamBlockException, IOException {
    RamBlockSpec spec = fixture().spec(fixture().file("taken-over"), RamFlag.RAM_SHARED);
    for (boolean sync : new boolean[] {false, true}) {
      RamBlock present = fixture().mapper().map(spec, AllocatorFixture.otherStyle(sync));
      try (RamBlock next = fixture().allocator().remap(present)) {
        assertEquals(spec, next.spec());
        assertEquals(fixture().expectedFlags(spec), next.obtained());
        assertEquals(fixture().expectedGranularity(spec), next.durability().obtained());
        assertEquals(present.align(), next.align());
        assertEquals(present.pageSize(), next.pageSize());
        assertEquals(
            fixture().expectsSync(spec),
            HostMapping.at(next.segment().address()).orElseThrow().vmFlags().contains("sf"));
        next.persist(0, spec.size().bytes());
      }
    }
  }

  @Test
  @DisplayName("after a re-map the block before it is retired, and closing it does nothing")
  default void theBlockBeforeIsRetired() throws RamBlockException, IOException {
    RamBlockSpec spec = fixture().spec(fixture().file("retired"), RamFlag.RAM_SHARED);
    RamBlock present = fixture().allocator().allocate(spec);
    try (RamBlock next = fixture().allocator().remap(present)) {
      assertThrows(RetiredBlockException.class, () -> present.persist(0, 1));
      assertThrows(RetiredBlockException.class, present::detach);
      assertThrows(RetiredBlockException.class, () -> fixture().allocator().remap(present));
      present.close();
      assertEquals(spec, present.spec());
      assertEquals(AllocatorFixture.contentAt(77), next.segment().get(ValueLayout.JAVA_BYTE, 77));
      next.persist(0, 1);
    }
  }

  @Test
  @DisplayName("a re-map keeps the file, its descriptor and its lock")
  default void aRemapKeepsTheFileAndItsLock() throws RamBlockException, IOException {
    RamBlockSpec spec = fixture().spec(fixture().file("locked"), RamFlag.RAM_SHARED);
    RamBlock present = fixture().allocator().allocate(spec);
    fixture().libc().forget();
    try (RamBlock next = fixture().allocator().remap(present)) {
      assertEquals(List.of(), fixture().libc().made(SystemCall.OPEN));
      assertEquals(List.of(), fixture().libc().made(SystemCall.CLOSE));
      assertEquals(List.of(), fixture().libc().made(SystemCall.FCNTL));
      assertTrue(LeakCheck.isLocked(fixture().folder().resolve("locked")));
      assertEquals(spec.size(), next.spec().size());
    }
  }

  @Test
  @DisplayName("of two re-maps of one block at the same time one wins, and the other is told")
  default void oneOfTwoRemapsWins() throws Exception {
    for (int round = 0; round < 5; round++) {
      RamBlock present =
          fixture()
              .allocator()
              .allocate(fixture().spec(fixture().file("contended"), RamFlag.RAM_SHARED));
      CyclicBarrier start = new CyclicBarrier(2);
      Callable<RamBlock> remap =
          () -> {
            start.await(10, TimeUnit.SECONDS);
            return fixture().allocator().remap(present);
          };
      int won = 0;
      try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
        for (Future<RamBlock> outcome : threads.invokeAll(List.of(remap, remap))) {
          try {
            outcome.get().close();
            won++;
          } catch (ExecutionException lost) {
            // the loser may also be so late that the winner has closed the memory
            assertInstanceOf(IllegalStateException.class, lost.getCause());
          }
        }
      }
      assertEquals(1, won);
    }
  }

  @Test
  @DisplayName(
      "a persist at the moment of a re-map either is done or is told that it came too late")
  default void persistsAndRemapsGoTogether() throws Exception {
    RamBlockSpec spec = fixture().spec(fixture().file("persisted"), RamFlag.RAM_SHARED);
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      RamBlock block = fixture().allocator().allocate(spec);
      for (int round = 0; round < 9; round++) {
        RamBlock present = block;
        CyclicBarrier start = new CyclicBarrier(2);
        Future<?> persisting =
            threads.submit(
                () -> {
                  start.await(10, TimeUnit.SECONDS);
                  while (true) {
                    present.persist(100, 1000);
                  }
                });
        start.await(10, TimeUnit.SECONDS);
        block = fixture().allocator().remap(present);
        ExecutionException end =
            assertThrows(ExecutionException.class, () -> persisting.get(10, TimeUnit.SECONDS));
        assertInstanceOf(RetiredBlockException.class, end.getCause());
      }
      block.close();
    }
  }
}
