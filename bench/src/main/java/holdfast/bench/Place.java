package holdfast.bench;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.file.internal.FileRamBlockAllocator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;

/**
 * Where memory is.
 *
 * @param name what is there, as the report says it
 * @param folder where files are made; null for anonymous memory
 */
record Place(String name, @org.jspecify.annotations.Nullable Path folder) {
  static final RamBlockAllocator ALLOCATOR = new FileRamBlockAllocator();

  /**
   * The folders to measure in, with room for {@code bytes}: {@code /dev/shm} and the one that the
   * property {@code holdfast.bench.disk} names.
   */
  static List<Place> ofFiles(long bytes) throws IOException {
    List<Place> places = new ArrayList<>();
    String disk = System.getProperty("holdfast.bench.disk", System.getProperty("java.io.tmpdir"));
    for (Path folder : List.of(Path.of("/dev/shm"), Path.of("" + disk))) {
      long free = Files.getFileStore(folder).getUsableSpace();
      String kind = Files.getFileStore(folder).type();
      if (free < bytes) {
        System.out.println(
            "  "
                + folder
                + " has only "
                + free
                + " bytes free, and "
                + bytes
                + " are needed: left out");
      } else if (places.stream().noneMatch(place -> place.name.equals(kind))) {
        places.add(new Place(kind, folder));
      }
    }
    return places;
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

  /** A block of a new file, or anonymous; its pages aren't present. */
  RamBlock block(String purpose, long size) throws RamBlockException, IOException {
    boolean anonymous = folder == null;
    Backing backing = anonymous ? new Backing.Anonymous() : new Backing.File(file(purpose));
    EnumSet<RamFlag> flags = EnumSet.noneOf(RamFlag.class);
    if (!anonymous) {
      flags.add(RamFlag.RAM_SHARED);
    }
    return ALLOCATOR.allocate(
        RamBlockSpec.of(new BackendId("bench"), backing, new ByteSize(size), flags));
  }
}
