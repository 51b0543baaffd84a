package holdfast.host.testkit;

import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Compares what a process holds before and after a test: mappings and descriptors of the files in
 * one folder, locks on them, the files themselves, and whatever a {@link FaultyLibc} provided and
 * did not get back. The last includes guard pages and reservations, which have no file to find them
 * by.
 *
 * <p>Use it as the resource of a {@code try} around a scenario, or close it after each test.
 */
public final class LeakCheck implements AutoCloseable {
  private static final Path MAPS = Path.of("/proc/self/maps");
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

  private final FaultyLibc libc;
  private final Path folder;
  private final Set<String> filesBefore;
  private final List<AddressRange> mappedBefore;
  private final Set<Integer> descriptorsBefore;

  private LeakCheck(FaultyLibc libc, Path folder) {
    this.libc = libc;
    this.folder = folder;
    this.filesBefore = files();
    this.mappedBefore = libc.mapped();
    this.descriptorsBefore = libc.descriptors();
  }

  /**
   * Records what is there now. No file of {@code folder} may be open or mapped.
   *
   * @param libc the libc that the code under test uses
   */
  public static LeakCheck start(FaultyLibc libc, Path folder) {
    LeakCheck check = new LeakCheck(libc, folder);
    List<String> already = new ArrayList<>();
    check.addHeld(already);
    if (!already.isEmpty()) {
      throw new IllegalStateException("already before the test: " + already);
    }
    return check;
  }

  /** Returns what is held now and was not before, a sentence each. */
  public List<String> leaks() {
    List<String> leaks = new ArrayList<>();
    addHeld(leaks);
    for (AddressRange range : libc.mapped()) {
      if (!mappedBefore.contains(range)) {
        leaks.add("mapped and not unmapped: " + range + " of " + range.length() + " bytes");
      }
    }
    for (int fd : libc.descriptors()) {
      if (!descriptorsBefore.contains(fd)) {
        leaks.add("opened and not closed: descriptor " + fd);
      }
    }
    return leaks;
  }

  /** Returns the names of the files that are there now and were not before. */
  public Set<String> newFiles() {
    Set<String> files = files();
    files.removeAll(filesBefore);
    return files;
  }

  /** Adds what this process holds of the folder's files, according to the kernel. */
  private void addHeld(List<String> leaks) {
    for (String mapping : mappings()) {
      leaks.add("still mapped: " + mapping);
    }
    for (String open : openFiles()) {
      leaks.add("still open: " + open);
    }
    for (String file : files()) {
      Path path = folder.resolve(file);
      if (Files.isRegularFile(path) && Files.isWritable(path) && isLocked(path)) {
        leaks.add("still locked: " + path);
      }
    }
  }

  private List<String> mappings() {
    try (Stream<String> lines = Files.lines(MAPS, StandardCharsets.ISO_8859_1)) {
      return lines.filter(line -> line.contains(" " + folder + "/")).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Set<String> files() {
    try (Stream<Path> entries = Files.list(folder)) {
      Set<String> names = new TreeSet<>();
      entries.forEach(entry -> names.add(entry.getFileName().toString()));
      return names;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<String> openFiles() {
    List<String> open = new ArrayList<>();
    try (Stream<Path> links = Files.list(DESCRIPTORS)) {
      links.forEach(
          link -> {
            try {
              String target = Files.readSymbolicLink(link).toString();
              if (target.equals(folder.toString()) || target.startsWith(folder + "/")) {
                open.add(target);
              }
            } catch (IOException closedMeanwhile) {
              // a descriptor of another thread, closed between the listing and the look
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return open;
  }

  /** Returns whether a lock is held, by this process or another: tries to take an exclusive one. */
  public static boolean isLocked(Path path) {
    Libc host = HostLibc.instance();
    try {
      int fd = host.open(path, KernelConstants.O_RDWR | host.constants().openCloexec(), 0);
      try {
        host.fcntlOfdSetlk(fd, true);
        return false;
      } catch (ErrnoException held) {
        return true;
      } finally {
        host.close(fd);
      }
    } catch (ErrnoException e) {
      throw new IllegalStateException(path + ": " + e.getMessage(), e);
    }
  }

  /**
   * Ends the check. Files may stay.
   *
   * @throws AssertionError if anything else is left behind
   */
  @Override
  public void close() {
    List<String> leaks = leaks();
    if (!leaks.isEmpty()) {
      throw new AssertionError("left behind: " + leaks);
    }
  }
}
