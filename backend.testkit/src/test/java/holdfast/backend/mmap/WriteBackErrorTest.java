package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamFlag;
import holdfast.backend.testkit.AllocatorFixture;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;

/** A real disk that begins to fail: Linux tells of each failure to write back once per open file. */
@Timeout(120)
class WriteBackErrorTest {
  private static final int MIB = 6;
  private static final ByteSize SIZE = ByteSize.mib(32);
  private static final int PAGE = 4096;
  private static final int THREADS = 8;
  private static final long LIMIT_SECONDS = 60;
  private static final ValueLayout.OfLong LITTLE =
      ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** What stands in the first word of a page that a record was written to. */
  private static long stamp(long page) {
    return page * 0x9E3779B97F4A7C15L + 1;
  }

  /** Writes records to pages of its own and persists each, until one fails. */
  private static List<Long> write(RamBlock block, int thread, CyclicBarrier start)
      throws Exception {
    long pages = SIZE.bytes() / PAGE;
    List<Long> acknowledged = new ArrayList<>();
    start.await(LIMIT_SECONDS, TimeUnit.SECONDS);
    for (long page = thread; page < pages; page += THREADS) {
      block.segment().set(LITTLE, page * PAGE, stamp(page));
      try {
        block.persist(page * PAGE, PAGE);
        acknowledged.add(page);
      } catch (PersistException e) {
        return acknowledged;
      }
    }
    throw new AssertionError("the disk took " + pages + " pages and never failed");
  }

  @RepeatedTest(3)
  @DisplayName("each record whose persist returned is on a disk that begins to fail under 8 threads")
  void whatWasAcknowledgedIsOnTheDisk() throws Exception {
    try (FailingDisk disk = FailingDisk.mount(MIB);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      Path path = disk.folder().resolve("file");
      List<Long> acknowledged = new ArrayList<>();
      try (RamBlock block =
              new RamMapper()
                  .map(
                      AllocatorFixture.withSize(Bench.spec(path, RamFlag.RAM_SHARED), SIZE),
                      Bench.KERNEL);
          LogCapture quiet = new LogCapture()) {
        CyclicBarrier start = new CyclicBarrier(THREADS);
        List<Future<List<Long>>> writers = new ArrayList<>();
        for (int thread = 0; thread < THREADS; thread++) {
          int number = thread;
          writers.add(threads.submit(() -> write(block, number, start)));
        }
        for (Future<List<Long>> writer : writers) {
          acknowledged.addAll(writer.get(LIMIT_SECONDS, TimeUnit.SECONDS));
        }
      }
      assertTrue(acknowledged.size() > THREADS, "the disk failed too early to prove anything");
      disk.mountAgain();
      assertEquals(List.of(), missing(disk.folder().resolve("file"), acknowledged));
    }
  }

  /** The pages that are not in the file as they were written. */
  private static List<Long> missing(Path path, List<Long> pages) throws IOException {
    List<Long> missing = new ArrayList<>();
    try (FileChannel file = FileChannel.open(path)) {
      ByteBuffer word = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      for (long page : pages) {
        word.clear();
        int read = file.read(word, page * PAGE);
        if (read < Long.BYTES || word.getLong(0) != stamp(page)) {
          missing.add(page);
        }
      }
    }
    return missing;
  }
}
