package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.backend.api.WriteBackFailure;
import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A real disk that begins to fail: Linux tells of each failure to write back once per open file.
 */
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
  @DisplayName(
      "each record whose persist returned is on a disk that begins to fail under 8 threads")
  void whatWasAcknowledgedIsOnTheDisk() throws Exception {
    try (FailingDisk disk = FailingDisk.mount(MIB);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      Path path = disk.folder().resolve("file");
      List<Long> acknowledged = new ArrayList<>();
      try (RamBlock block =
              new RamMapper()
                  .map(Bench.spec(path, RamFlag.RAM_SHARED).withSize(SIZE), Bench.KERNEL);
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
      List<Long> missing = missing(disk.folder().resolve("file"), acknowledged);
      assertEquals(0, missing.size(), () -> "pages of " + acknowledged.size() + ": " + missing);
    }
  }

  /** The pages that are not in the file as they were written. */
  private static List<Long> missing(Path path, List<Long> pages) throws IOException {
    List<Long> missing = new ArrayList<>();
    try (FileChannel file = FileChannel.open(path)) {
      ByteBuffer word = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      for (long page : pages) {
        word.clear();
        if (!isRead(file, word, page * PAGE) || word.getLong(0) != stamp(page)) {
          missing.add(page);
        }
      }
    }
    return missing;
  }

  private static boolean isRead(FileChannel file, ByteBuffer into, long position) {
    try {
      return file.read(into, position) == into.capacity();
    } catch (IOException e) {
      return false; // what can't be read is not there
    }
  }

  /** A block on a disk that fails, in which every page was stored to and none persisted. */
  private static RamBlock full(FailingDisk disk) throws RamBlockException {
    Path path = disk.folder().resolve("file");
    RamBlock block =
        new RamMapper().map(Bench.spec(path, RamFlag.RAM_SHARED).withSize(SIZE), Bench.KERNEL);
    store(block);
    return block;
  }

  private static void store(RamBlock block) {
    for (long page = 0; page < SIZE.bytes() / PAGE; page++) {
      block.segment().set(LITTLE, page * PAGE, stamp(page));
    }
  }

  @Test
  @DisplayName("a re-map that meets a failed write-back is refused, and no later persist goes well")
  void aRemapIsTold() throws Exception {
    try (FailingDisk disk = FailingDisk.mount(MIB);
        RamBlock block = full(disk);
        LogCapture quiet = new LogCapture()) {
      assertThrows(
          PersistException.class, () -> new RamMapper().remap(block, Bench.KERNEL), "the disk");
      assertThrows(PersistException.class, () -> block.persist(0, SIZE.bytes()));
      assertThrows(PersistException.class, () -> block.persist(0, 1));
      try (RamBlock detached = block.detach()) {
        assertThrows(PersistException.class, () -> detached.persist(0, 1));
      }
    }
  }

  @Test
  @DisplayName(
      "what the kernel failed to write back in its own time is found without writing anything, and"
          + " no later persist or re-map goes well")
  void theKernelIsAsked() throws Exception {
    try (FailingDisk disk = FailingDisk.mount(MIB);
        RamBlock block = full(disk);
        LogCapture quiet = new LogCapture()) {
      assertEquals(Optional.empty(), block.writeBackFailure());
      Mount.run("sync", "-f", disk.folder().toString()); // as the kernel does every few seconds
      WriteBackFailure told = block.writeBackFailure().orElseThrow();
      assertEquals("sync_file_range", told.call());
      assertTrue(told.errno().matches("(ENOSPC|EIO) .*"), told::errno);
      assertEquals(told, block.writeBackFailure().orElseThrow(), "it is kept");
      PersistException refused = assertThrows(PersistException.class, () -> block.persist(0, 1));
      assertTrue(refused.getMessage().contains(told.sentence()), refused::getMessage);
      assertThrows(PersistException.class, () -> new RamMapper().remap(block, Bench.KERNEL));
    }
  }

  @Test
  @DisplayName("a failure to write back that is known only at the end is logged, once")
  void theEndIsTold() throws Exception {
    try (FailingDisk disk = FailingDisk.mount(MIB);
        LogCapture log = new LogCapture()) {
      RamBlock block = full(disk);
      Mount.run("sync", "-f", disk.folder().toString());
      block.close();
      assertEquals(1, log.complaints().size(), () -> log.complaints().toString());
      String said = log.complaints().getFirst();
      assertTrue(said.contains("could not be written back"), said);
      assertTrue(said.contains("since the last persist"), said);
    }
  }

  @Test
  @DisplayName("a swap takes over no bytes of a file that could not be written back")
  void aSwapIsRefused() throws Exception {
    try (FailingDisk disk = FailingDisk.mount(MIB);
        Bench sound = new Bench(Storage.disk());
        RamBlock block = full(disk);
        LogCapture quiet = new LogCapture()) {
      Path target = sound.folder.resolve("target");
      try (RamBlock next =
          sound.mapper().map(Bench.spec(target, RamFlag.RAM_SHARED).withSize(SIZE), Bench.KERNEL)) {
        Mount.run("sync", "-f", disk.folder().toString());
        RemapRefusedException refused =
            assertThrows(RemapRefusedException.class, () -> next.replace(block));
        assertTrue(refused.getMessage().contains("could not be written back"), refused::getMessage);
        assertThrows(RemapRefusedException.class, () -> block.replace(next), "nor into it");
        assertEquals(stamp(7), block.segment().get(LITTLE, 7 * PAGE), "it serves");
      }
    }
  }

  @Test
  @DisplayName(
      "what an earlier process lost of a file, and nobody was told of, is told at the start")
  void anEarlierLossIsTold() throws Exception {
    try (FailingDisk disk = FailingDisk.withoutJournal(MIB);
        LogCapture quiet = new LogCapture()) {
      Path path = disk.folder().resolve("file");
      try (FileChannel keeps = keepInMemory(disk, path)) {
        PersistException refused =
            assertThrows(
                PersistException.class,
                () ->
                    new RamMapper()
                        .map(Bench.spec(path, RamFlag.RAM_SHARED).withSize(SIZE), Bench.KERNEL));
        assertTrue(refused.getMessage().contains("fsync: "), refused::getMessage);
      }
    }
  }

  /** An open file of which more was written than the disk takes; nobody has asked for errors. */
  private static FileChannel keepInMemory(FailingDisk disk, Path path) throws Exception {
    Mount.run("fallocate", "--length=" + SIZE.bytes(), path.toString());
    FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE);
    ByteBuffer ones = ByteBuffer.allocate((int) SIZE.bytes());
    Arrays.fill(ones.array(), (byte) 1);
    while (ones.hasRemaining()) {
      file.write(ones);
    }
    Mount.run("sync", "-f", disk.folder().toString());
    return file;
  }
}
