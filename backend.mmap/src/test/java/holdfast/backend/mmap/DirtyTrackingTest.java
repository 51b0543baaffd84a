package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RetiredBlockException;
import holdfast.backend.api.TrackingLostException;
import holdfast.backend.api.TrackingRefusedException;
import holdfast.backend.api.WrittenRange;
import holdfast.backend.mmap.Tracked.Memory;
import holdfast.backend.mmap.Tracked.Run;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.Libc;
import holdfast.host.linux.PageRegions;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which pages are reported, on every kind of memory, and how it begins and ends. */
@Timeout(60)
class DirtyTrackingTest {
  private static final int PAGES = 16;
  private static final long SEED = 20_231_129;

  @ParameterizedTest
  @EnumSource
  @DisplayName(
      "the pages stored into since the last scan are reported, once, whether they were present or"
          + " not; those stored into before, those read and those left alone are not")
  void storesAreReported(Memory memory) throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(memory, PAGES)) {
      for (long page : new long[] {0, 1, 2, 3}) {
        tracked.store(page);
      }
      assertEquals(Optional.empty(), tracked.block.trackingObstacle());
      try (DirtyTracking tracking = tracked.arm()) {
        assertEquals(List.of(), tracked.scan(tracking));
        assertEquals(3, tracked.load(2));
        assertEquals(0, tracked.load(9));
        assertEquals(List.of(), tracked.scan(tracking));
        for (long page : new long[] {1, 2, 8, 9, 15}) {
          tracked.store(page);
        }
        assertEquals(Tracked.runsOf(1L, 2L, 8L, 9L, 15L), tracked.scan(tracking));
        assertEquals(List.of(), tracked.scan(tracking));
        tracked.store(2);
        tracked.store(2);
        assertEquals(Tracked.runsOf(2L), tracked.scan(tracking));
        assertEquals(3, tracked.load(2));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("msync(2) between store and scan, or before the store, changes nothing")
  void writingBackChangesNothing(Memory memory) throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(memory, PAGES);
        DirtyTracking tracking = tracked.arm()) {
      Libc libc = tracked.bench.libc;
      tracked.store(5);
      sync(tracked, libc);
      assertEquals(Tracked.runsOf(5L), tracked.scan(tracking));
      sync(tracked, libc);
      assertEquals(List.of(), tracked.scan(tracking));
      tracked.store(5);
      assertEquals(Tracked.runsOf(5L), tracked.scan(tracking));
    }
  }

  private static void sync(Tracked tracked, Libc libc) {
    try {
      long address = tracked.block.segment().address();
      libc.msync(address, tracked.pages * tracked.page, libc.constants().msSync());
    } catch (ErrnoException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "HUGE")
  @DisplayName("what the kernel stores for read(2) is reported")
  void theKernelsStoresAreReported(Memory memory) throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(memory, PAGES);
        DirtyTracking tracking = tracked.arm()) {
      Path file = Files.write(tracked.bench.folder.resolve("source"), new byte[] {7, 8, 9});
      ByteBuffer target = tracked.block.segment().asSlice(6 * tracked.page - 1, 3).asByteBuffer();
      try (FileChannel channel = FileChannel.open(file)) {
        assertEquals(3, channel.read(target));
      }
      assertEquals(List.of(new Run(5, 7)), tracked.scan(tracking));
      assertEquals(List.of(), tracked.scan(tracking));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 4096})
  @DisplayName("runs are ordered, and as long as can be, however few the kernel tells at once")
  void runsAreMaximal(int vector) throws IOException, RamBlockException {
    Random random = new Random(SEED);
    try (Tracked tracked = new Tracked(Memory.TMPFS, 512);
        DirtyTracking tracking = tracked.arm()) {
      tracked.bench.libc.withShortVectors(vector);
      for (int round = 0; round < 50; round++) {
        SortedSet<Long> written = new TreeSet<>();
        int density = random.nextInt(100);
        for (long page = 0; page < tracked.pages; page++) {
          if (random.nextInt(100) < density) {
            tracked.store(page);
            written.add(page);
          }
        }
        assertEquals(Tracked.runsOf(written), tracked.scan(tracking), "seed " + SEED);
      }
    }
  }

  @Test
  @DisplayName("more runs than fit into the kernel's answer are all reported")
  void moreRunsThanTheVectorHolds() throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(Memory.ANONYMOUS, 3 * 4096);
        DirtyTracking tracking = tracked.arm()) {
      SortedSet<Long> written = new TreeSet<>();
      for (long page = 0; page < tracked.pages; page += 2) {
        tracked.store(page);
        written.add(page);
      }
      tracked.bench.libc.forget();
      assertEquals(Tracked.runsOf(written), tracked.scan(tracking));
      assertTrue(tracked.bench.libc.made(SystemCall.IOCTL_PAGEMAP_SCAN).size() > 1);
      assertEquals(List.of(), tracked.scan(tracking));
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "HUGE")
  @DisplayName(
      "a page stored into behind where a call stopped, before the next call: none is lost, though"
          + " there are more ranges than the kernel's own buffer holds")
  void storesBetweenTwoCalls(Memory memory) throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(memory, 8192);
        DirtyTracking tracking = tracked.arm()) {
      long base = tracked.block.segment().address();
      SortedSet<Long> between = new TreeSet<>();
      tracked.bench.libc.withScanAnswer(
          found -> {
            long stopped = (found.walkEnd() - base) / tracked.page;
            for (long page = stopped + 1; page < tracked.pages; page += 64) {
              tracked.store(page); // odd, so that no other store is next to it
              between.add(page);
            }
            return found;
          });
      for (int round = 0; round < 20; round++) {
        SortedSet<Long> written = new TreeSet<>(between);
        between.clear();
        for (long page = 0; page < 4 * 700; page += 4) { // more than 512, isolated
          tracked.store(page);
          written.add(page);
        }
        SortedSet<Long> told = pages(tracked.scan(tracking));
        SortedSet<Long> lost = new TreeSet<>(written);
        lost.removeAll(told);
        assertEquals(List.of(), List.copyOf(lost), "stored into before the scan, and not told");
        assertTrue(between.size() > 0, "nothing was stored meanwhile");
        told.removeAll(written);
        between.removeAll(told); // the rest is for the next scan
      }
    }
  }

  /** The numbers of all pages of some runs, of which none may come twice. */
  private static SortedSet<Long> pages(List<Run> runs) {
    SortedSet<Long> pages = new TreeSet<>();
    for (Run run : runs) {
      for (long page = run.from(); page < run.to(); page++) {
        assertTrue(pages.add(page), "told twice");
      }
    }
    return pages;
  }

  @Test
  @DisplayName("huge pages stored into between two calls are not lost either")
  void hugePagesBetweenTwoCalls() throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(Memory.HUGE, PAGES);
        DirtyTracking tracking = tracked.arm()) {
      tracked.bench.libc.withShortVectors(2);
      long base = tracked.block.segment().address();
      tracked.bench.libc.withScanAnswer(
          found -> {
            long stopped = (found.walkEnd() - base) / tracked.page;
            if (stopped + 1 < PAGES) {
              tracked.store(stopped + 1);
            }
            return found;
          });
      SortedSet<Long> told = new TreeSet<>();
      for (long page : new long[] {0, 2, 4, 6, 8}) {
        tracked.store(page);
      }
      told.addAll(pages(tracked.scan(tracking)));
      tracked.bench.libc.withScanAnswer(found -> found);
      told.addAll(pages(tracked.scan(tracking)));
      assertTrue(told.containsAll(List.of(0L, 2L, 4L, 6L, 8L)), told::toString);
    }
  }

  @Test
  @DisplayName(
      "a kernel whose walk_end lies before ranges that it has told, or that tells them in any"
          + " order: none of them is lost")
  void aKernelThatGoesBack() throws IOException, RamBlockException {
    Random random = new Random(SEED);
    try (Tracked tracked = new Tracked(Memory.TMPFS, 512);
        DirtyTracking tracking = tracked.arm()) {
      tracked.bench.libc.withShortVectors(32);
      long base = tracked.block.segment().address();
      SortedSet<Long> open = new TreeSet<>();
      tracked.bench.libc.withScanAnswer(
          found -> {
            List<PageRegions.Region> regions = new ArrayList<>(found.regions());
            if (regions.size() < 2) {
              return found;
            }
            long back = regions.get(random.nextInt(1, regions.size())).start();
            Collections.shuffle(regions, random);
            long page = (back - base) / tracked.page;
            tracked.store(page - 1); // a lower page than some that are told
            open.add(page - 1);
            return new PageRegions(regions, back);
          });
      for (int round = 0; round < 50; round++) {
        SortedSet<Long> written = new TreeSet<>(open);
        open.clear();
        for (long page = 0; page < tracked.pages; page++) {
          if (random.nextInt(3) == 0) {
            tracked.store(page);
            written.add(page);
          }
        }
        List<Run> runs = tracked.scan(tracking);
        SortedSet<Long> told = pages(runs);
        assertTrue(told.containsAll(written), "seed " + SEED + ", round " + round);
        assertEquals(Tracked.runsOf(told), runs, "ordered, and as long as can be");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "HUGE")
  @DisplayName("making pages present counts as writing them, as is documented, and loses nothing")
  void preallocatedPagesCountAsWritten(Memory memory) throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(memory, PAGES);
        DirtyTracking tracking = tracked.arm()) {
      tracked.store(3);
      tracked.block.preallocate(OptionalInt.empty());
      assertEquals(List.of(new Run(0, PAGES)), tracked.scan(tracking));
      assertEquals(List.of(), tracked.scan(tracking));
    }
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("close lifts the protection, leaves no descriptor, and can be repeated")
  void closeEndsIt(Memory memory) throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(memory, PAGES)) {
      Set<Integer> before = tracked.bench.libc.descriptors();
      DirtyTracking tracking = tracked.arm();
      assertTrue(tracked.isArmed());
      tracked.store(1);
      tracking.close();
      assertFalse(tracked.isArmed());
      assertEquals(before, tracked.bench.libc.descriptors());
      tracked.bench.libc.forget();
      tracking.close();
      assertEquals(List.of(), tracked.bench.libc.made());
      tracked.store(1);
      assertThrows(IllegalStateException.class, () -> tracked.scan(tracking));
      try (DirtyTracking again = tracked.arm()) {
        assertEquals(List.of(), tracked.scan(again));
      }
    }
  }

  @Test
  @DisplayName("a block is tracked once at a time; the second wish is refused and harms nothing")
  void onceAtATime() throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(Memory.TMPFS, PAGES);
        DirtyTracking tracking = tracked.arm()) {
      Set<Integer> before = tracked.bench.libc.descriptors();
      tracked.store(4);
      TrackingRefusedException refusal = assertThrows(TrackingRefusedException.class, tracked::arm);
      assertTrue(
          refusal.reason().contains("tracked already")
              && refusal.reason().contains("EBUSY (Device or resource busy)"),
          refusal::getMessage);
      assertEquals(before, tracked.bench.libc.descriptors());
      assertEquals(Tracked.runsOf(4L), tracked.scan(tracking));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"DISK", "TMPFS", "MEMFD"})
  @DisplayName(
      "after a re-map the tracking says that it is lost; it can be closed, before or after a new"
          + " one has begun, which it doesn't touch")
  void remapping(Memory memory) throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(memory, PAGES)) {
      DirtyTracking closedBefore = tracked.arm();
      RamBlock second = tracked.bench.mapper().remap(tracked.block, Bench.KERNEL);
      TrackingLostException lost =
          assertThrows(TrackingLostException.class, () -> tracked.scan(closedBefore));
      assertEquals(0, lost.offset());
      assertTrue(lost.getMessage().contains("re-mapped"), lost::getMessage);
      closedBefore.close();
      assertThrows(RetiredBlockException.class, tracked::arm);

      DirtyTracking closedAfter = second.track();
      RamBlock third = tracked.bench.mapper().remap(second, Bench.KERNEL);
      try (third;
          DirtyTracking tracking = third.track()) {
        tracked.store(3);
        assertThrows(TrackingLostException.class, () -> tracked.scan(closedAfter));
        closedAfter.close();
        assertTrue(tracked.isArmed());
        tracked.store(5);
        assertEquals(Tracked.runsOf(3L, 5L), tracked.scan(tracking));
      }
    }
  }

  @Test
  @DisplayName("a block that its allocator leaves is tracked on")
  void detaching() throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(Memory.TMPFS, PAGES);
        DirtyTracking tracking = tracked.arm();
        RamBlock detached = tracked.block.detach()) {
      tracked.store(7);
      assertEquals(Tracked.runsOf(7L), tracked.scan(tracking));
      assertThrows(RetiredBlockException.class, tracked::arm);
      assertEquals(tracked.block.segment().address(), detached.segment().address());
    }
  }

  @Test
  @DisplayName("a closed block can't be scanned or tracked, and its tracking can be closed")
  void theBlockIsClosed() throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(Memory.DISK, PAGES)) {
      DirtyTracking tracking = tracked.arm();
      tracked.block.close();
      assertThrows(IllegalStateException.class, () -> tracking.scan((offset, length) -> {}));
      tracking.close();
      assertThrows(IllegalStateException.class, tracked::arm);
    }
  }

  @Test
  @DisplayName("what the receiver of a range doesn't take comes again with all behind it, once")
  void theReceiverThrows() throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(Memory.TMPFS, PAGES);
        DirtyTracking tracking = tracked.arm()) {
      tracked.store(1);
      tracked.store(4);
      tracked.store(9);
      WrittenRange picky =
          (offset, length) -> {
            if (offset >= 4 * tracked.page) {
              throw new UnsupportedOperationException("enough");
            }
          };
      assertThrows(UnsupportedOperationException.class, () -> tracking.scan(picky));
      tracked.store(0);
      tracked.store(3);
      assertEquals(List.of(new Run(0, 1), new Run(3, PAGES)), tracked.scan(tracking));
      tracked.store(12);
      assertEquals(Tracked.runsOf(12L), tracked.scan(tracking));
    }
  }

  @Test
  @DisplayName("a scan within a scan is refused, and the outer one goes on")
  void aScanWithinAScan() throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(Memory.TMPFS, PAGES);
        DirtyTracking tracking = tracked.arm()) {
      tracked.store(1);
      long bytes =
          tracking.scan(
              (offset, length) ->
                  assertThrows(IllegalStateException.class, () -> tracking.scan((o, l) -> {})));
      assertEquals(tracked.page, bytes);
    }
  }

  @Test
  @DisplayName("closed from within a scan, the scan ends with that and makes no call any more")
  void closedWithinAScan() throws IOException, RamBlockException {
    try (Tracked tracked = new Tracked(Memory.TMPFS, PAGES)) {
      tracked.bench.libc.withShortVectors(1);
      DirtyTracking tracking = tracked.arm();
      tracked.store(1);
      tracked.store(5);
      tracked.store(9);
      assertThrows(
          IllegalStateException.class, () -> tracking.scan((offset, length) -> tracking.close()));
      assertEquals(SystemCall.CLOSE, tracked.bench.libc.made().getLast().call());
    }
  }

  @Test
  @DisplayName("a read-only block is refused, since nobody can write to it")
  void aReadOnlyBlockIsRefused() throws IOException, RamBlockException {
    Tracked.assumeTrackable();
    try (Bench bench = new Bench(Storage.tmpfs());
        RamBlock block =
            bench
                .mapper()
                .map(
                    Bench.spec(
                        bench.file("ram"),
                        RamFlag.RAM_SHARED,
                        RamFlag.RAM_READONLY,
                        RamFlag.RAM_READONLY_FD),
                    Bench.KERNEL)) {
      TrackingRefusedException refusal =
          assertThrows(TrackingRefusedException.class, () -> block.track());
      assertTrue(refusal.reason().startsWith("readonly=on"), refusal::getMessage);
    }
  }

  @Test
  @DisplayName(
      "a file on simulated DAX is refused before anything is done, and so is one of which"
          + " nobody knows")
  void daxIsRefused() throws IOException, RamBlockException {
    Tracked.assumeTrackable();
    try (Bench bench = new Bench(Storage.simulatedDax());
        RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("ram")), bench.pmem)) {
      bench.libc.forget();
      TrackingRefusedException refusal =
          assertThrows(TrackingRefusedException.class, () -> block.track());
      assertTrue(refusal.reason().startsWith("it is on DAX"), refusal::getMessage);
      bench.libc.with(Fault.ofEvery(SystemCall.STATX, Errno.EIO));
      assertThrows(TrackingRefusedException.class, () -> block.track());
      assertEquals(
          Set.of(SystemCall.STATX),
          Set.copyOf(bench.libc.made().stream().map(made -> made.call()).toList()));
    }
  }
}
