package holdfast.host.testkit;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * A place for the files of a test, and the properties of files there.
 *
 * @param words what it is, for reports
 * @param root an existing folder
 * @param isVolatile whether a power cut takes all of it away
 * @param grantsSync whether MAP_SYNC is granted for its files
 * @param isSimulated whether {@link #libc()} reports other storage than there is
 */
public record Storage(
    String words, Path root, boolean isVolatile, boolean grantsSync, boolean isSimulated) {
  private static final String DISK = "holdfast.test.disk";
  private static final String DAX = "holdfast.test.dax";
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");
  private static final Set<String> VOLATILE_TYPES = Set.of("tmpfs", "ramfs", "hugetlbfs");
  private static final long EXT4 = 0xEF53;

  /**
   * Returns an ordinary file system on a disk, without DAX: the folder that the system property
   * {@code holdfast.test.disk} names, or else the temporary or the working folder, if it is not in
   * memory. Skips the test if there is none.
   */
  public static Storage disk() {
    for (String property : List.of(DISK, "java.io.tmpdir", "user.dir")) {
      String folder = System.getProperty(property);
      if (folder != null && !isVolatile(Path.of(folder))) {
        return new Storage("a file on a disk", Path.of(folder), false, false, false);
      }
    }
    return Assumptions.abort("no folder on a disk is known: name one with -D" + DISK);
  }

  /** Returns an in-memory file system, {@code /dev/shm}. Skips the test if there is none. */
  public static Storage tmpfs() {
    return new Storage("a file on tmpfs", sharedMemory(), true, false, false);
  }

  /**
   * Returns a tmpfs that {@link #libc()} reports as ext4 on DAX: it accepts {@code
   * MAP_SHARED_VALIDATE|MAP_SYNC}, and the kernel shows {@code sf} for such a mapping. The mapper
   * decides everything as for a DAX file; only a power cut would show the difference.
   */
  public static Storage simulatedDax() {
    return new Storage("a file on simulated DAX", sharedMemory(), false, true, true);
  }

  /**
   * Returns a real file system mounted with DAX: the folder that the system property {@code
   * holdfast.test.dax} names. Skips the test if it names none.
   */
  public static Storage dax() {
    String folder = System.getProperty(DAX);
    Assumptions.assumeTrue(folder != null, "no DAX file system here: name a folder with -D" + DAX);
    return new Storage("a file on DAX", Path.of(folder), false, true, false);
  }

  private static Path sharedMemory() {
    Assumptions.assumeTrue(
        isVolatile(SHARED_MEMORY) && Files.isWritable(SHARED_MEMORY), "no tmpfs at /dev/shm");
    return SHARED_MEMORY;
  }

  private static boolean isVolatile(Path folder) {
    try {
      return VOLATILE_TYPES.contains(Files.getFileStore(folder).type());
    } catch (IOException notThere) {
      return false;
    }
  }

  /** Returns the host's libc, which reports this storage. */
  public FaultyLibc libc() {
    FaultyLibc libc = FaultyLibc.host();
    return isSimulated
        ? libc.withSync(FaultyLibc.SyncAnswer.TAKEN).withFileSystem(EXT4).withDax()
        : libc;
  }

  /** Makes a new folder on this storage. */
  public Path newFolder() throws IOException {
    return Files.createTempDirectory(root, "holdfast-test").toRealPath();
  }

  /** Removes a folder with everything in it. */
  public static void remove(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  @Override
  public String toString() {
    return words;
  }
}
