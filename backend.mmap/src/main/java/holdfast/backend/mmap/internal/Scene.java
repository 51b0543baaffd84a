package holdfast.backend.mmap.internal;

import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.ErrnoException;
import holdfast.backend.mmap.FileSystemStatus;
import holdfast.backend.mmap.KernelConstants;
import holdfast.backend.mmap.Libc;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * Where a system call failed: the facts that tell apart what the kernel answers with one errno.
 * They are looked up only when something has failed. What can't be told is left out, never guessed.
 *
 * @param spec what was asked for
 * @param fileSystem the file system that it was asked of
 * @param procfs where proc(5) is mounted
 * @param sysfs where sysfs is mounted
 */
record Scene(RamBlockSpec spec, Optional<FileSystemStatus> fileSystem, Path procfs, Path sysfs) {
  private static final Path PROCFS = Path.of("/proc");
  private static final int LONGEST_NUMBER = 64;
  private static final Path SYSFS = Path.of("/sys");

  /** What the kernel calls the limits of a process, {@code /proc/PID/limits}. */
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

  /** Of memory that has no file system. */
  static Scene of(RamBlockSpec spec) {
    return new Scene(spec, Optional.empty(), PROCFS, SYSFS);
  }

  /** Of an open file. */
  static Scene ofFile(Libc libc, RamBlockSpec spec, int fd) {
    Optional<FileSystemStatus> fileSystem;
    try {
      fileSystem = fd < 0 ? Optional.empty() : Optional.of(libc.fstatfs(fd));
    } catch (ErrnoException unknown) {
      fileSystem = Optional.empty();
    }
    return new Scene(spec, fileSystem, PROCFS, SYSFS);
  }

  /** Of a path at which nothing could be opened: the nearest folder above it tells. */
  static Scene ofPath(Libc libc, RamBlockSpec spec) {
    if (!(spec.backing() instanceof Backing.File file)) {
      return of(spec);
    }
    int flags =
        KernelConstants.O_PATH | libc.constants().openDirectory() | KernelConstants.O_CLOEXEC;
    for (Path folder = file.path().toAbsolutePath(); folder != null; folder = folder.getParent()) {
      try {
        int fd = libc.open(folder, flags, 0);
        try {
          return ofFile(libc, spec, fd);
        } finally {
          BackingOpener.closeQuietly(libc, fd);
        }
      } catch (ErrnoException noFolder) {
        // the next one above it
      }
    }
    return of(spec);
  }

  boolean readOnly() {
    return spec.has(RamFlag.RAM_READONLY) || spec.has(RamFlag.RAM_READONLY_FD);
  }

  /** Where the block ends in its file, in bytes. */
  long end() {
    return spec.offset().bytes() + spec.size().bytes();
  }

  /** A limit of this process; empty if it has none, or if it isn't told. */
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

  /** A number that sysctl(8) shows too, such as {@code vm/max_map_count}. */
  OptionalLong sysctl(String name) {
    return number(procfs.resolve("sys").resolve(name));
  }

  /** How many mappings this process has. */
  long mappings() {
    try (Stream<String> lines =
        Files.lines(procfs.resolve("self/maps"), StandardCharsets.ISO_8859_1)) {
      return lines.count();
    } catch (IOException | RuntimeException unknown) {
      return 0;
    }
  }

  /** The size of the huge pages that the backing is made of; empty if it is made of others. */
  Optional<ByteSize> hugePage() {
    if (fileSystem.isPresent() && fileSystem.get().isHugetlbfs()) {
      return Optional.of(new ByteSize(fileSystem.get().blockSize()));
    }
    return spec.backing() instanceof Backing.Memfd(boolean hugetlb, ByteSize size, boolean s)
            && hugetlb
            && size.bytes() > 0
        ? Optional.of(size)
        : Optional.empty();
  }

  /** Where the host keeps its huge pages of this size. */
  Path pool(ByteSize page) {
    return sysfs.resolve("kernel/mm/hugepages/hugepages-" + page.bytes() / 1024 + "kB");
  }

  /** How many huge pages of this size are free and promised to nobody. */
  OptionalLong freeHugePages(ByteSize page) {
    OptionalLong free = number(pool(page).resolve("free_hugepages"));
    OptionalLong promised = number(pool(page).resolve("resv_hugepages"));
    return free.isPresent() && promised.isPresent()
        ? OptionalLong.of(Math.max(0, free.getAsLong() - promised.getAsLong()))
        : OptionalLong.empty();
  }

  private static OptionalLong number(Path file) {
    // in one read(2): a second one, as Files.readString does it, finds the end after one digit
    try (InputStream in = Files.newInputStream(file)) {
      byte[] digits = in.readNBytes(LONGEST_NUMBER);
      return OptionalLong.of(Long.parseLong(new String(digits, StandardCharsets.US_ASCII).strip()));
    } catch (IOException | RuntimeException unknown) {
      return OptionalLong.empty();
    }
  }
}
