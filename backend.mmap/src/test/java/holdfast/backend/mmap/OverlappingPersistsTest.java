package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.Fault.Harm;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Of two persists at the same time either may be told of the other's failure. */
@Timeout(60)
class OverlappingPersistsTest {
  private static final long LIMIT_SECONDS = 30;
  private static final long PAGE = 4096;

  /** A persist of one page in a thread of its own. */
  private static final class Persist {
    private final CompletableFuture<Optional<PersistException>> outcome = new CompletableFuture<>();
    private final Thread thread;

    Persist(RamBlock block, long page) {
      thread =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try {
                      block.persist(page * PAGE, PAGE);
                      outcome.complete(Optional.empty());
                    } catch (PersistException e) {
                      outcome.complete(Optional.of(e));
                    } catch (RuntimeException | Error e) {
                      outcome.completeExceptionally(e);
                    }
                  });
    }

    Optional<PersistException> await() throws Exception {
      return outcome.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    /** That it neither runs nor has ended. */
    void awaitRest() {
      long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
      while (thread.getState() != Thread.State.WAITING) {
        assertTrue(System.nanoTime() < limit, () -> "does not wait but is " + thread.getState());
        Thread.onSpinWait();
      }
      assertFalse(outcome.isDone());
    }
  }

  /** The system call that holds on, in the thread that makes it, until it is let go. */
  private static final class Held {
    final CountDownLatch reached = new CountDownLatch(1);
    final CountDownLatch letGo = new CountDownLatch(1);

    /** Whether the call, which touches that page, fails then. */
    Fault at(RamBlock block, long page, boolean fails) {
      return new Fault(made -> isOf(block, page, made) && hold() && fails, Errno.EIO, Harm.NONE);
    }

    private static boolean isOf(RamBlock block, long page, RecordedCall made) {
      return made.call() == SystemCall.MSYNC
          && made.arguments().getFirst().equals(block.segment().address() + page * PAGE);
    }

    private boolean hold() {
      reached.countDown();
      try {
        return letGo.await(LIMIT_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    void awaitReached() throws InterruptedException {
      assertTrue(reached.await(LIMIT_SECONDS, TimeUnit.SECONDS));
    }
  }

  private static RamBlock map(Bench bench) throws Exception {
    return bench.mapper().map(Bench.spec(bench.file("file"), RamFlag.RAM_SHARED), Bench.KERNEL);
  }

  @Test
  @DisplayName("a persist fails that was done while another one's failure was still on its way")
  void whoeverIsTold() throws Exception {
    try (Bench bench = new Bench(Storage.disk());
        RamBlock block = map(bench);
        LogCapture quiet = new LogCapture()) {
      Held held = new Held();
      bench.libc.with(held.at(block, 0, true));
      Persist told = new Persist(block, 0);
      held.awaitReached();
      Persist overlapping = new Persist(block, 1);
      overlapping.awaitRest();
      held.letGo.countDown();

      assertTrue(told.await().orElseThrow().getMessage().contains("msync: EIO"));
      PersistException other = overlapping.await().orElseThrow();
      assertTrue(other.getMessage().contains("msync: EIO"), other::getMessage);
      assertTrue(other.getMessage().contains("4096 bytes from offset 4096"), other::getMessage);
      bench.libc.heal();
      PersistException later =
          assertThrows(PersistException.class, () -> block.persist(5 * PAGE, PAGE));
      assertTrue(later.getMessage().contains("msync: EIO"), later::getMessage);
    }
  }

  @Test
  @DisplayName("a persist waits for those that began before its end and for none that began later")
  void waitsForNoneThatBeganLater() throws Exception {
    try (Bench bench = new Bench(Storage.disk());
        RamBlock block = map(bench);
        LogCapture quiet = new LogCapture()) {
      Held first = new Held();
      Held last = new Held();
      bench.libc.with(first.at(block, 0, false)).with(last.at(block, 2, false));
      Persist slow = new Persist(block, 0);
      first.awaitReached();
      Persist overlapping = new Persist(block, 1);
      overlapping.awaitRest();
      Persist later = new Persist(block, 2);
      last.awaitReached();
      first.letGo.countDown();

      assertEquals(Optional.empty(), overlapping.await());
      assertFalse(later.outcome.isDone());
      last.letGo.countDown();
      assertEquals(Optional.empty(), later.await());
      assertEquals(Optional.empty(), slow.await());
    }
  }

  @Test
  @DisplayName("a persist fails that was done while a re-map's write-back was about to be told")
  void aRemapOverlaps() throws Exception {
    try (Bench bench = new Bench(Storage.disk());
        RamBlock block = map(bench);
        LogCapture quiet = new LogCapture()) {
      Held held = new Held();
      bench.libc.with(held.at(block, 0, true));
      CompletableFuture<RamBlock> remap =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return bench.mapper().remap(block, Bench.KERNEL);
                } catch (RamBlockException e) {
                  throw new IllegalStateException(e);
                }
              });
      held.awaitReached();
      Persist overlapping = new Persist(block, 1);
      overlapping.awaitRest();
      held.letGo.countDown();

      ExecutionException refused =
          assertThrows(ExecutionException.class, () -> remap.get(LIMIT_SECONDS, TimeUnit.SECONDS));
      assertInstanceOf(PersistException.class, refused.getCause().getCause());
      assertTrue(overlapping.await().isPresent());
      assertThrows(PersistException.class, () -> block.persist(0, 1));
    }
  }

  @Test
  @DisplayName("an interrupted write-back is made again, and nothing counts as lost")
  void anInterruptedOneIsMadeAgain() throws Exception {
    try (Bench bench = new Bench(Storage.disk());
        RamBlock block = map(bench)) {
      bench.libc.forget();
      bench.libc.with(Fault.ofNth(SystemCall.MSYNC, 1, Errno.EINTR));
      block.persist(0, PAGE);
      assertEquals(2, bench.libc.made(SystemCall.MSYNC).size());
      assertEquals(Optional.empty(), block.writeBackFailure());
    }
  }

  @Test
  @DisplayName("close(2) that tells of a loss is logged as an error, whatever was persisted before")
  void closeIsHeard() throws Exception {
    try (Bench bench = new Bench(Storage.disk());
        LogCapture log = new LogCapture()) {
      RamBlock block = map(bench);
      block.persist(0, PAGE);
      bench.libc.with(Fault.ofEvery(SystemCall.CLOSE, Errno.EIO).doing(Harm.DONE));
      block.close();
      assertEquals(1, log.complaints().size(), () -> log.complaints().toString());
      assertTrue(log.complaints().getFirst().contains("close: EIO"), () -> "" + log.complaints());
    }
  }

  @Test
  @DisplayName("where the kernel can't be asked for failures, nothing counts as lost")
  void aKernelThatCantBeAsked() throws Exception {
    for (int errno : new int[] {Errno.ENOSYS, Errno.EINVAL, Errno.EPERM}) {
      try (Bench bench = new Bench(Storage.disk());
          RamBlock block = map(bench)) {
        bench.libc.with(Fault.ofEvery(SystemCall.SYNC_FILE_RANGE, errno));
        assertEquals(Optional.empty(), block.writeBackFailure());
        block.persist(0, PAGE);
      }
    }
  }
}
