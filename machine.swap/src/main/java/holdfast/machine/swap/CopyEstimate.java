package holdfast.machine.swap;

import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * An estimate of the time to copy a region, measured with a part of it. For a target in memory, the
 * part is copied into memory. For a target on a disk, it is copied into a new file in the target's
 * folder in pieces of a few pages, and written back, as in the real copy. That file is deleted as
 * soon as it is open, so that nothing of it is left whatever happens; a measurement is used for
 * {@value #FRESH_SECONDS} s for all targets on that file system. The estimate waits at most {@value
 * #LIMIT_SECONDS} s for a disk; for a slower one it is a lower bound.
 *
 * @param time for one copy of everything, without what writers dirty meanwhile
 * @param basis the basis of the estimate, as half a sentence
 */
record CopyEstimate(Duration time, String basis) {
  private static final long SAMPLE = 16L << 20;

  /** What a copy to a disk writes at once: four pages. */
  private static final int PIECE = 16 << 10;

  private static final int LIMIT_SECONDS = 2;
  private static final int FRESH_SECONDS = 60;

  /** A sample uses at most this fraction (1/n) of the free space. */
  private static final int LEAST_PART_FREE = 8;

  private static final Set<String> MEMORY =
      Set.of("tmpfs", "ramfs", "devtmpfs", "hugetlbfs", "shmem");

  private static final Map<Object, Measured> DISKS = new ConcurrentHashMap<>();

  /**
   * A measured rate: {@code bytes} took {@code nanos}; {@code at} is the moment, by {@link
   * System#nanoTime}.
   */
  private record Measured(long bytes, long nanos, boolean ended, long at) {
    boolean isFresh() {
      return System.nanoTime() - at < TimeUnit.SECONDS.toNanos(FRESH_SECONDS);
    }

    Duration of(long all) {
      return Duration.ofNanos((long) ((double) nanos * all / bytes));
    }
  }

  /**
   * Measures a part of the copy.
   *
   * @param memory the region's memory
   * @param target the block that it is to be copied into
   * @throws InternalError if the memory can't be read
   */
  static CopyEstimate of(MemorySegment memory, RamBlockSpec target) {
    long all = memory.byteSize();
    Optional<Path> folder = folderOnDisk(target);
    if (folder.isPresent()) {
      Optional<Measured> disk = disk(folder.get(), memory);
      if (disk.isPresent()) {
        String sample = new ByteSize(disk.get().bytes()) + " written to " + folder.get();
        return new CopyEstimate(
            disk.get().of(all),
            disk.get().ended()
                ? "at the rate of " + sample + " within the last minute"
                : "at least: " + sample + " took more than " + LIMIT_SECONDS + " s");
      }
    }
    return new CopyEstimate(
        memory(memory).of(all),
        folder.isPresent()
            ? "at least: at the speed of memory, since the disk could not be tried"
            : "at the speed of memory");
  }

  /**
   * Returns the estimate for a copy with limited bandwidth.
   *
   * @param bandwidth how many bytes a second it may copy at most; 0 for no limit
   * @param size how many bytes it copies
   */
  CopyEstimate heldBackTo(ByteSize bandwidth, ByteSize size) {
    if (bandwidth.bytes() == 0) {
      return this;
    }
    Duration least = Duration.ofNanos((long) (1e9 * size.bytes() / bandwidth.bytes()));
    return least.compareTo(time) > 0
        ? new CopyEstimate(least, "at the limit of " + bandwidth + " a second")
        : this;
  }

  /** Returns how many bytes, from the beginning of a memory of a size, {@link #of} reads. */
  static long sample(long size) {
    return Math.min(SAMPLE, size);
  }

  /** Returns the folder of the target's file if it is on a disk; empty otherwise. */
  private static Optional<Path> folderOnDisk(RamBlockSpec target) {
    if (!target.has(RamFlag.RAM_SHARED) || !(target.backing() instanceof Backing.File file)) {
      return Optional.empty();
    }
    Path path = file.path().toAbsolutePath();
    if (Files.exists(path) && !Files.isRegularFile(path) && !Files.isDirectory(path)) {
      return Optional.empty(); // a device
    }
    Path folder = Files.isDirectory(path) ? path : path.getParent();
    if (folder == null) {
      return Optional.empty();
    }
    try {
      String kind = Files.getFileStore(folder).type();
      return MEMORY.contains(kind) ? Optional.empty() : Optional.of(folder);
    } catch (IOException e) {
      return Optional.of(folder); // the code that creates the file reports what is wrong with it
    }
  }

  private static Measured memory(MemorySegment memory) {
    long sample = sample(memory.byteSize());
    try (Arena arena = Arena.ofConfined()) {
      long before = System.nanoTime();
      MemorySegment copy = arena.allocate(sample, 4096); // new pages, as the target's are
      MemorySegment.copy(memory, 0, copy, 0, sample);
      return measured(sample, before, true);
    }
  }

  private static Measured measured(long bytes, long before, boolean ended) {
    long now = System.nanoTime();
    return new Measured(bytes, Math.max(1, now - before), ended, now);
  }

  private static Optional<Measured> disk(Path folder, MemorySegment memory) {
    Object key;
    long sample = sample(memory.byteSize());
    try {
      key = Files.getAttribute(folder, "unix:dev");
      FileStore store = Files.getFileStore(folder);
      if (store.getUsableSpace() / LEAST_PART_FREE < sample) {
        return Optional.empty();
      }
    } catch (IOException | UnsupportedOperationException e) {
      return Optional.empty();
    }
    Measured last = DISKS.get(key);
    if (last != null && last.isFresh() && last.bytes() >= sample) {
      return Optional.of(last);
    }
    byte[] bytes = new byte[(int) sample];
    // read in this thread: a lost page is the region's, and is reported to the caller
    MemorySegment.copy(memory, 0, MemorySegment.ofArray(bytes), 0, sample);
    Optional<Measured> now = inTime(folder, bytes);
    now.ifPresent(measured -> DISKS.put(key, measured));
    return now;
  }

  /** Measures in a thread of its own, since a failing disk may block it for ever. */
  private static Optional<Measured> inTime(Path folder, byte[] bytes) {
    AtomicReference<@Nullable Measured> result = new AtomicReference<>();
    CountDownLatch ended = new CountDownLatch(1);
    long before = System.nanoTime();
    Thread.ofPlatform()
        .daemon()
        .name("holdfast-disk-sample")
        .start(
            () -> {
              try {
                result.set(write(folder, bytes));
              } catch (IOException | RuntimeException | InternalError e) {
                // no file can be created in this folder: the code that creates the target's file
                // reports it
              } finally {
                ended.countDown();
              }
            });
    try {
      if (!ended.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        return Optional.of(measured(bytes.length, before, false));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Optional.ofNullable(result.get());
  }

  private static Measured write(Path folder, byte[] bytes) throws IOException {
    Path file = Files.createTempFile(folder, ".holdfast-", ".sample");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      Files.delete(file);
      long before = System.nanoTime();
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      while (buffer.position() < bytes.length) {
        buffer.limit(Math.min(bytes.length, buffer.position() + PIECE));
        channel.write(buffer);
      }
      channel.force(true);
      return measured(bytes.length, before, true);
    } finally {
      Files.deleteIfExists(file);
    }
  }
}
