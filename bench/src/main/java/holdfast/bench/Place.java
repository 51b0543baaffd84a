package holdfast.bench;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Preallocation;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.file.internal.FileRamBlockAllocator;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Where memory is.
 *
 * @param name what is there, as the report says it
 * @param folder where files are made; null for anonymous memory
 */
record Place(String name, @Nullable Path folder) {
  static final RamBlockAllocator ALLOCATOR = new FileRamBlockAllocator();

  private static final Path MEMORY = Path.of("/dev/shm");

  /**
   * The folders to measure in, with room for {@code bytes}: {@code /dev/shm} and the one that the
   * property {@code holdfast.bench.disk} names.
   */
  static List<Place> ofFiles(long bytes, Findings findings) throws IOException {
    List<Place> places = new ArrayList<>();
    for (Path folder : List.of(MEMORY, disk())) {
      long free = Files.getFileStore(folder).getUsableSpace();
      String kind = Files.getFileStore(folder).type();
      if (free < bytes) {
        findings.remark(
            folder + " is left out: it has " + free + " bytes free, and " + bytes + " are needed");
      } else if (places.stream().noneMatch(place -> place.name.equals(kind))) {
        places.add(new Place(kind, folder));
      }
    }
    return places;
  }

  /** The folder on a disk. */
  static Path disk() {
    return Path.of(System.getProperty("holdfast.bench.disk", "target"));
  }

  /** Returns whether what is there is written back to a disk. */
  boolean isDisk() {
    return folder != null && !folder.equals(MEMORY);
  }

  /** A file of this place that is not there; it is removed when the JVM ends. */
  Path file(String purpose) throws IOException {
    if (folder == null) {
      throw new IOException("anonymous memory has no files");
    }
    Path file = folder.resolve("holdfast-bench-" + ProcessHandle.current().pid() + "-" + purpose);
    Files.deleteIfExists(file);
    file.toFile().deleteOnExit();
    return file;
  }

  /** A new sparse file of this place; it is removed when the JVM ends. */
  Path file(String purpose, long size) throws IOException {
    Path file = file(purpose);
    try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
      made.setLength(size);
    }
    return file;
  }

  /** Removes a file that {@link #file} made. */
  void remove(Path file) throws IOException {
    Files.deleteIfExists(file);
  }

  /** A block of a new file, or anonymous; its pages aren't present. */
  RamBlock block(String purpose, long size) throws RamBlockException, IOException {
    Backing backing = folder == null ? new Backing.Anonymous() : new Backing.File(file(purpose));
    return ALLOCATOR.allocate(spec(backing, size));
  }

  /** A block of a new file whose pages are made present by so many threads. */
  static RamBlock preallocated(Path file, long size, int threads) throws RamBlockException {
    return ALLOCATOR.allocate(
        spec(new Backing.File(file), size)
            .withPrealloc(new Preallocation(true, OptionalInt.of(threads))));
  }

  private static RamBlockSpec spec(Backing backing, long size) {
    EnumSet<RamFlag> flags = EnumSet.noneOf(RamFlag.class);
    if (!(backing instanceof Backing.Anonymous)) {
      flags.add(RamFlag.RAM_SHARED);
    }
    return RamBlockSpec.of(new BackendId("bench"), backing, new ByteSize(size), flags);
  }
}
