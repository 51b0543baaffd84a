package holdfast.host.linux;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The circumstances of a failed system call: the facts that distinguish the causes of one errno.
 * They are looked up only after a failure. What can't be determined is left out, never guessed.
 *
 * @param request what was requested
 * @param fileSystem the file system that it was requested of
 * @param procfs where proc(5) is mounted
 * @param sysfs where sysfs is mounted
 */
public record Scene(
    Request request, Optional<FileSystemStatus> fileSystem, Path procfs, Path sysfs) {
  private static final Logger LOG = LoggerFactory.getLogger(Scene.class);
  private static final Path PROCFS = Path.of("/proc");
  private static final int LONGEST_NUMBER = 64;
  private static final Path SYSFS = Path.of("/sys");

  /** The limits of a process, by their names in {@code /proc/PID/limits}. */
  enum Limit {
    FILE_SIZE("Max file size"),
    OPEN_FILES("Max open files"),
    LOCKED_MEMORY("Max locked memory"),
    ADDRESS_SPACE("Max address space");

    private final String label;

    Limit(String label) {
      this.label = label;
    }
  }

  /** Returns the scene of memory that has no file system. */
  public static Scene of(Request request) {
    return new Scene(request, Optional.empty(), PROCFS, SYSFS);
  }

  /**
   * Returns the scene of an open file.
   *
   * @param fd the file; negative if there is none
   */
  public static Scene ofFile(Libc libc, Request request, int fd) {
    Optional<FileSystemStatus> fileSystem;
    try {
      fileSystem = fd < 0 ? Optional.empty() : Optional.of(libc.fstatfs(fd));
    } catch (ErrnoException unknown) {
      fileSystem = Optional.empty();
    }
    return new Scene(request, fileSystem, PROCFS, SYSFS);
  }

  /**
   * Returns the scene of a path at which nothing could be opened: its file system is that of the
   * nearest existing folder above it.
   */
  public static Scene ofPath(Libc libc, Request request) {
    if (request.file().isEmpty()) {
      return of(request);
    }
    int flags =
        libc.constants().openPath()
            | libc.constants().openDirectory()
            | libc.constants().openCloexec();
    for (Path folder = request.file().get().toAbsolutePath();
        folder != null;
        folder = folder.getParent()) {
      try {
        int fd = libc.open(folder, flags, 0);
        try {
          return ofFile(libc, request, fd);
        } finally {
          closeQuietly(libc, fd);
        }
      } catch (ErrnoException noFolder) {
        // try the next one above it
      }
    }
    return of(request);
  }

  private static void closeQuietly(Libc libc, int fd) {
    try {
      libc.close(fd);
    } catch (ErrnoException e) {
      // Linux has released the descriptor whatever close(2) returns
      LOG.debug("close: {}", e.errno().toString());
    }
  }

  /** Returns a limit of this process; empty if there is none, or if it can't be read. */
  OptionalLong limit(Limit limit) {
    try (Stream<String> lines = Files.lines(procfs.resolve("self/limits"))) {
      return lines
          .filter(line -> line.startsWith(limit.label))
          .map(line -> line.substring(limit.label.length()).strip().split(" +")[0])
          .filter(soft -> soft.chars().allMatch(Character::isDigit))
          .mapToLong(Long::parseUnsignedLong)
          .findFirst();
    } catch (IOException | RuntimeException unknown) {
      return OptionalLong.empty();
    }
  }

  /**
   * Returns a number that sysctl(8) shows too, such as {@code vm/max_map_count}; empty if it can't
   * be read.
   */
  OptionalLong sysctl(String name) {
    return number(procfs.resolve("sys").resolve(name));
  }

  /** Returns how many mappings this process has; 0 if that can't be read. */
  long mappings() {
    try (Stream<String> lines =
        Files.lines(procfs.resolve("self/maps"), StandardCharsets.ISO_8859_1)) {
      return lines.count();
    } catch (IOException | RuntimeException unknown) {
      return 0;
    }
  }

  /**
   * Returns the size of the huge pages that the memory consists of; empty if it has none, or if
   * their size is the host's default and not known here.
   */
  OptionalLong hugePage() {
    if (fileSystem.isPresent() && fileSystem.get().isHugetlbfs()) {
      return OptionalLong.of(fileSystem.get().blockSize());
    }
    return request.hugePages() && request.hugePage() > 0
        ? OptionalLong.of(request.hugePage())
        : OptionalLong.empty();
  }

  /** Returns the folder in which sysfs describes the host's huge pages of this size. */
  Path pool(long page) {
    return sysfs.resolve("kernel/mm/hugepages/hugepages-" + page / 1024 + "kB");
  }

  /** Returns how many huge pages of this size are free and not reserved. */
  OptionalLong freeHugePages(long page) {
    OptionalLong free = number(pool(page).resolve("free_hugepages"));
    OptionalLong promised = number(pool(page).resolve("resv_hugepages"));
    return free.isPresent() && promised.isPresent()
        ? OptionalLong.of(Math.max(0, free.getAsLong() - promised.getAsLong()))
        : OptionalLong.empty();
  }

  private static OptionalLong number(Path file) {
    // in one read(2): a second one, as in Files.readString, finds the end after one digit
    try (InputStream in = Files.newInputStream(file)) {
      byte[] digits = in.readNBytes(LONGEST_NUMBER);
      return OptionalLong.of(Long.parseLong(new String(digits, StandardCharsets.US_ASCII).strip()));
    } catch (IOException | RuntimeException unknown) {
      return OptionalLong.empty();
    }
  }
}
