package holdfast.machine.swap;

import static holdfast.machine.swap.SwapFixture.LIMITS;
import static holdfast.machine.swap.SwapFixture.assertDone;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.config.MachineType;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.config.MemoryLayoutException;
import holdfast.machine.core.Region;
import holdfast.machine.core.internal.guest.FlatGuestMemory;
import holdfast.machine.core.internal.guest.SlowDisk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole swaps of memory that a disk fills by direct reads, as that of an emulator does. */
@Timeout(300)
class DirectIoSwapTest {
  private static final int READ = SlowDisk.PORTION;
  private static final int SLOTS = 8;
  private static final long SIZE = (long) SLOTS * READ;
  private static final long DISK_SIZE = 1L << 40;
  private static final long LIMIT_SECONDS = 60;
  private static final int THREADS = 3;
  private static final int SWAPS = 20;

  private static GuestMemory memory(Region region) throws MemoryLayoutException {
    return new FlatGuestMemory(
        MemoryLayout.of(MachineType.PC, new ByteSize(SIZE), null, null),
        region,
        (itself, offset, length, stored) -> region.failIfLost(offset, length, stored));
  }

  /** What the disk has at a position: other words in each block. */
  private static long word(long position) {
    return position * 0x9E37_79B9_7F4A_7C15L + 1;
  }

  private static void fill(long position, ByteBuffer into) {
    for (int at = 0; at < into.capacity(); at += Long.BYTES) {
      into.putLong(at, word(position + at));
    }
  }

  private static void assertRead(MemorySegment memory, int slot, long position) {
    for (long at = 0; at < READ; at += 512) {
      long seen = memory.get(ValueLayout.JAVA_LONG, (long) slot * READ + at);
      assertEquals(word(position + at), seen, "slot " + slot + " at " + at);
    }
  }

  /** A device of the emulator: reads blocks of the disk into slots of guest memory of its own. */
  private static final class Device implements GuestWriter {
    private final int number;
    private final FileChannel disk;
    private final GuestMemory memory;
    private final Semaphore reading = new Semaphore(1, true);

    /** For each slot of guest memory, which block was read into it last; -1 for none. */
    private final long[] blocks;

    private volatile boolean stopped;

    Device(int number, FileChannel disk, GuestMemory memory, long[] blocks) {
      this.number = number;
      this.disk = disk;
      this.memory = memory;
      this.blocks = blocks;
    }

    void run() {
      while (!stopped) {
        int slot = number + THREADS * ThreadLocalRandom.current().nextInt(slots());
        long block = ThreadLocalRandom.current().nextLong(DISK_SIZE / READ);
        reading.acquireUninterruptibly();
        try {
          read(slot, block);
        } finally {
          reading.release();
        }
        LockSupport.parkNanos(1_000_000);
      }
    }

    private int slots() {
      return (SLOTS - number + THREADS - 1) / THREADS;
    }

    void read(int slot, long block) {
      try {
        long read =
            memory.transferFrom(
                disk, block * READ, new GuestAddress((long) slot * READ), new ByteSize(READ));
        assertEquals(READ, read);
        blocks[slot] = block;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public String name() {
      return "disk" + number;
    }

    @Override
    public boolean pause(Duration limit) throws InterruptedException {
      return reading.tryAcquire(limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void resume() {
      reading.release();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"ANONYMOUS", "TMPFS", "MEMFD", "DISK"})
  @DisplayName(
      "a direct read that begins before a swap and ends when its writer pauses is in the new"
          + " memory")
  void underWay(Place here) throws Exception {
    Semaphore asked = new Semaphore(0);
    Semaphore answer = new Semaphore(0);
    SlowDisk.Content content =
        (position, into) -> {
          asked.release();
          fill(position, into);
          return answer.tryAcquire(LIMIT_SECONDS, TimeUnit.SECONDS);
        };
    try (SwapFixture fixture = new SwapFixture(SIZE, here);
        SlowDisk disk = SlowDisk.mount(DISK_SIZE, content);
        FileChannel channel = disk.openDirect()) {
      Device device = new Device(0, channel, memory(fixture.region()), new long[SLOTS]);
      Thread read = Thread.ofPlatform().daemon().start(() -> device.read(3, 77));
      assertTrue(asked.tryAcquire(LIMIT_SECONDS, TimeUnit.SECONDS));
      fixture.writers.add(
          new GuestWriter() {
            @Override
            public String name() {
              return "disk";
            }

            @Override
            public boolean pause(Duration limit) throws InterruptedException {
              answer.release();
              return read.join(limit);
            }

            @Override
            public void resume() {}
          });
      assertDone(fixture.swap(there(here).properties(fixture, 1), LIMITS));
      assertEquals(77, device.blocks[3]);
      assertRead(fixture.region().segment(), 3, 77L * READ);
    }
  }

  private static Place there(Place here) {
    return here == Place.ANONYMOUS ? Place.TMPFS : Place.ANONYMOUS;
  }

  private static void whilePaused(List<Device> devices, Runnable check)
      throws InterruptedException {
    for (Device device : devices) {
      assertTrue(device.pause(Duration.ofSeconds(LIMIT_SECONDS)));
    }
    try {
      check.run();
    } finally {
      devices.forEach(Device::resume);
    }
  }

  private static void assertAllRead(MemorySegment memory, long[] blocks) {
    for (int slot = 0; slot < SLOTS; slot++) {
      if (blocks[slot] >= 0) {
        assertRead(memory, slot, blocks[slot] * READ);
      }
    }
  }

  @Test
  @DisplayName(
      "while three devices read a slow disk directly, no swap loses a page of what they read")
  void underLoad() throws Exception {
    SlowDisk.Content content =
        (position, into) -> {
          fill(position, into);
          Thread.sleep(ThreadLocalRandom.current().nextInt(30)); // what makes the disk slow
          return true;
        };
    List<Thread> threads = new ArrayList<>();
    List<Device> devices = new ArrayList<>();
    try (SwapFixture fixture = new SwapFixture(SIZE, Place.ANONYMOUS);
        SlowDisk disk = SlowDisk.mount(DISK_SIZE, content);
        FileChannel channel = disk.openDirect()) {
      GuestMemory memory = memory(fixture.region());
      long[] blocks = new long[SLOTS];
      Arrays.fill(blocks, -1);
      for (int number = 0; number < THREADS; number++) {
        Device device = new Device(number, channel, memory, blocks);
        devices.add(device);
        fixture.writers.add(device);
        threads.add(Thread.ofPlatform().daemon().start(device::run));
      }
      try {
        for (int number = 1; number <= SWAPS; number++) {
          Place next = number % 2 == 0 ? Place.ANONYMOUS : Place.TMPFS;
          assertDone(fixture.swap(next.properties(fixture, number), LIMITS));
          whilePaused(devices, () -> assertAllRead(fixture.region().segment(), blocks));
        }
      } finally {
        devices.forEach(device -> device.stopped = true);
        for (Thread thread : threads) {
          assertTrue(thread.join(Duration.ofSeconds(LIMIT_SECONDS)));
        }
      }
    }
  }
}
