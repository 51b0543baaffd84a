package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import holdfast.host.testkit.WatchedMemory;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What persist does with the memory: which cache lines are flushed, which pages are written back.
 */
@Timeout(60)
class PersistTest {

  static Stream<long[]> ranges() {
    long size = Bench.SIZE.bytes();
    return Stream.of(
        new long[] {0, 1},
        new long[] {63, 1},
        new long[] {63, 2},
        new long[] {64, 64},
        new long[] {100, 1000},
        new long[] {4090, 20},
        new long[] {size - 1, 1},
        new long[] {0, size});
  }

  @ParameterizedTest
  @MethodSource("ranges")
  @DisplayName("on simulated DAX each cache line of the range is flushed once, and drained")
  void eachLineIsFlushedOnceAndDrained(long[] range) throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.simulatedDax());
        RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), bench.pmem)) {
      bench.libc.forget();
      assertEquals(List.of(), bench.oracle.persist(block, range[0], range[1]));
      assertEquals(1, bench.oracle.drains());
      assertEquals(List.of(), bench.libc.made(SystemCall.MSYNC));
    }
  }

  @ParameterizedTest
  @MethodSource("ranges")
  @DisplayName("on a disk the pages of the range, and no others, are written back with MS_SYNC")
  void thePagesOfTheRangeAreWrittenBack(long[] range) throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk());
        RamBlock block =
            bench.mapper().map(Bench.spec(bench.file("file"), RamFlag.RAM_SHARED), Bench.KERNEL)) {
      bench.libc.forget();
      block.persist(range[0], range[1]);
      RecordedCall made = bench.libc.made(SystemCall.MSYNC).getFirst();
      assertEquals(1, bench.libc.made(SystemCall.MSYNC).size());
      long page = bench.libc.getpagesize();
      long from = (long) made.arguments().get(0) - block.segment().address();
      long to = from + (long) made.arguments().get(1);
      assertEquals(range[0] / page * page, from);
      assertTrue(to >= range[0] + range[1] && to <= Bench.SIZE.bytes());
      assertTrue(to - (range[0] + range[1]) < page);
      assertEquals(bench.libc.constants().msSync(), made.arguments().get(2));
    }
  }

  @Test
  @DisplayName("an empty range flushes nothing and writes nothing back")
  void anEmptyRangeDoesNothing() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.simulatedDax());
        RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), bench.pmem)) {
      bench.libc.forget();
      block.persist(100, 0);
      assertEquals(List.of(), bench.oracle.flushed());
      assertEquals(0, bench.oracle.drains());
      assertEquals(List.of(), bench.libc.made());
    }
  }

  @Test
  @DisplayName(
      "on a platform that flushes its caches itself (eADR) the granularity is byte, and a persist is"
          + " one fence, of bytes that the file still has")
  void eadrNeedsAFenceAlone() throws IOException, RamBlockException {
    FlushOracle eadr = new FlushOracle(true);
    try (Bench bench = new Bench(Storage.simulatedDax());
        RamBlock block = bench.mapFlushedBy(eadr)) {
      assertEquals(Granularity.BYTE, block.durability().obtained());
      WatchedMemory memory = eadr.watch(block.segment());
      memory.store(63, (byte) 1, (byte) 2);
      assertEquals(List.of(), eadr.persist(block, 63, 2));
      assertEquals(List.of(), memory.lost(63, 2));
      assertEquals(1, eadr.drains());
      assertEquals(List.of(), eadr.flushed());
      try (FileChannel other =
          FileChannel.open(bench.folder.resolve("file"), StandardOpenOption.WRITE)) {
        other.truncate(4096);
      }
      assertThrows(PersistException.class, () -> block.persist(4095, 2), "lost with the file");
    }
  }

  @Test
  @DisplayName("after detach nothing is flushed any more, and msync does it all")
  void aDetachedBlockIsWrittenBackByTheKernel() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.simulatedDax());
        RamBlock block =
            bench.mapper().map(Bench.pmemSpec(bench.file("file")), bench.pmem).detach()) {
      bench.libc.forget();
      block.persist(0, 64);
      assertEquals(List.of(), bench.oracle.flushed());
      assertEquals(1, bench.libc.made(SystemCall.MSYNC).size());
      assertTrue(block.obtained().contains(RamFlag.RAM_SYNC), "the mapping is the same");
      assertEquals(Granularity.PAGE, block.durability().obtained());
    }
  }

  @Test
  @DisplayName("of a truncated file nothing is flushed, since a flush of a lost page ends the JVM")
  void aTruncatedFileIsNotFlushed() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.simulatedDax())) {
      Path path = bench.file("file");
      try (RamBlock block = bench.mapper().map(Bench.pmemSpec(path), bench.pmem)) {
        try (FileChannel other = FileChannel.open(path, StandardOpenOption.WRITE)) {
          other.truncate(4096);
        }
        assertThrows(PersistException.class, () -> block.persist(4095, 2));
        assertEquals(List.of(), bench.oracle.flushed());
        assertEquals(List.of(), bench.oracle.persist(block, 0, 4096));
      }
    }
  }

  @Test
  @DisplayName("real cache flushes, libpmem's and the JDK's, leave the bytes as they are")
  void realFlushesLeaveTheBytesAlone() throws IOException, RamBlockException {
    List<Optional<CacheFlush>> there =
        Stream.of(CacheFlushes.libpmem(), CacheFlushes.jdk()).filter(Optional::isPresent).toList();
    assumeFalse(there.isEmpty(), "neither libpmem.so.1 nor the JDK's write-back is here");
    for (Optional<CacheFlush> caches : there) {
      try (Bench bench = new Bench(Storage.simulatedDax())) {
        Path path = bench.file("file");
        byte[] content = Files.readAllBytes(path);
        MappingStyle style = MappingStyle.pmem("dax", caches.orElseThrow());
        try (RamBlock block = bench.mapper().map(Bench.pmemSpec(path), style)) {
          assertEquals(caches.orElseThrow().describe(), block.durability().evidence().persist());
          block.persist(0, Bench.SIZE.bytes());
          block.persist(4095, 2);
        }
        assertArrayEquals(content, Files.readAllBytes(path));
      }
    }
  }
}
