package holdfast.machine.core.internal.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.RamMapper;
import holdfast.host.testkit.Storage;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.config.MachineType;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.core.NoAllocatorException;
import holdfast.machine.core.RealRegion;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What a disk stores into guest memory by itself is known to who tracks it: direct reads, which pin
 * their pages before a scan and fill them after it.
 */
@Timeout(120)
class DirectReadTest {
  private static final int PAGE = 4096;
  private static final int SIZE = 4 << 20;
  private static final long LIMIT_SECONDS = 60;

  /** The guest addresses that are read into, neither of them at the edge of the memory. */
  private static final GuestAddress PLACE = new GuestAddress(5 * PAGE);

  private static final int LENGTH = SlowDisk.PORTION;

  /** The disk has been asked: the pages are pinned. */
  private final Semaphore asked = new Semaphore(0);

  /** The disk may answer. */
  private final Semaphore answer = new Semaphore(0);

  private volatile byte filling = 1;
  private volatile boolean unreadable;

  /** The kinds of memory that a swap has to track. */
  enum Memory {
    ANONYMOUS,
    MEMFD,
    TMPFS,
    DISK
  }

  private static RealRegion region(Memory memory, Path folder)
      throws NoAllocatorException, RamBlockException {
    return switch (memory) {
      case ANONYMOUS -> RealRegion.of(new Backing.Anonymous(), SIZE);
      case MEMFD ->
          RealRegion.of(new Backing.Memfd(false, ByteSize.ZERO, true), SIZE, RamFlag.RAM_SHARED);
      case TMPFS, DISK -> RealRegion.file(folder.resolve("ram"), SIZE);
    };
  }

  private boolean content(long position, ByteBuffer into) throws InterruptedException {
    byte value = filling;
    asked.release();
    assertTrue(answer.tryAcquire(LIMIT_SECONDS, TimeUnit.SECONDS));
    while (into.hasRemaining()) {
      into.put(value);
    }
    return !unreadable;
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName(
      "a direct read that a scan finds under way is told by the next one; a read past GuestMemory"
          + " isn't, until it is told of; one that fails counts as a whole")
  void scannedMeanwhile(Memory memory) throws Exception {
    Optional<String> reason = new RamMapper().trackingObstacle();
    assumeTrue(reason.isEmpty(), reason.orElse(""));
    Path folder = (memory == Memory.DISK ? Storage.disk() : Storage.tmpfs()).newFolder();
    try (RealRegion ram = region(memory, folder);
        SlowDisk disk = SlowDisk.mount(LENGTH, this::content);
        FileChannel file = disk.openDirect();
        ExecutorService guest = Executors.newSingleThreadExecutor();
        DirtyTracking tracking = ram.region.status().block().track()) {
      FlatGuestMemory guestMemory =
          new FlatGuestMemory(
              MemoryLayout.of(MachineType.PC, new ByteSize(SIZE), null, null),
              ram.region,
              (r, o, l, s) -> ram.region.failIfLost(o, l, s));
      BitSet range = new BitSet();
      range.set(5, 5 + LENGTH / PAGE);

      filling = 2;
      Future<?> past =
          guest.submit(
              () -> {
                ByteBuffer buffer = guestMemory.segment(PLACE, new ByteSize(LENGTH)).asByteBuffer();
                return file.read(buffer, 0);
              });
      scanMeanwhile(past, tracking);
      assertFilled(ram, 2);
      assertEquals(new BitSet(), scan(tracking), "the kernel knows by itself: no need to tell it");
      guestMemory.markDirty(PLACE, new ByteSize(LENGTH));
      assertEquals(range, scan(tracking));
      assertEquals(new BitSet(), scan(tracking));

      filling = 3;
      Future<Long> read =
          guest.submit(() -> guestMemory.transferFrom(file, 0, PLACE, new ByteSize(LENGTH)));
      scanMeanwhile(read, tracking);
      assertEquals(Long.valueOf(LENGTH), read.get());
      assertFilled(ram, 3);
      assertEquals(range, scan(tracking));

      unreadable = true;
      Future<Long> failing =
          guest.submit(() -> guestMemory.transferFrom(file, 0, PLACE, new ByteSize(LENGTH)));
      scanMeanwhile(failing, tracking);
      Throwable cause = assertThrows(Exception.class, failing::get).getCause();
      assertTrue(("" + cause.getMessage()).contains("Input/output error"), "" + cause);
      assertEquals(range, scan(tracking));
    } finally {
      Storage.remove(folder);
    }
  }

  /** Scans when the disk has been asked, then lets it answer. */
  private void scanMeanwhile(Future<?> read, DirtyTracking tracking) throws Exception {
    assertTrue(asked.tryAcquire(LIMIT_SECONDS, TimeUnit.SECONDS), "the disk was not asked");
    scan(tracking);
    assertEquals(new BitSet(), scan(tracking), "nobody stores while the disk is slow");
    assertFalse(read.isDone());
    answer.release();
    try {
      read.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      assertTrue(unreadable, e::toString);
    }
  }

  private static BitSet scan(DirtyTracking tracking) throws RamBlockException {
    BitSet pages = new BitSet();
    tracking.scan(
        (offset, length) -> pages.set((int) (offset / PAGE), (int) ((offset + length) / PAGE)));
    return pages;
  }

  private static void assertFilled(RealRegion ram, int value) throws IOException {
    for (long at = 0; at < SIZE; at += 512) {
      boolean within = at >= PLACE.value() && at < PLACE.value() + LENGTH;
      assertEquals(
          within ? value : 0, ram.region.segment().get(ValueLayout.JAVA_BYTE, at), "at " + at);
    }
  }
}
