package holdfast.machine.swap;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Where a region can be. */
public enum Place {
  /** A shared mapping of a file on a disk. */
  DISK,
  /** A shared mapping of a file on tmpfs. */
  TMPFS,
  /** A private mapping of a file on tmpfs. */
  PRIVATE,
  /** A memfd. */
  MEMFD,
  /** Memory of the process. */
  ANONYMOUS;

  /** The properties of a memory backend there. */
  public Map<String, String> properties(SwapFixture fixture, int number) {
    Map<String, String> all = new LinkedHashMap<>();
    switch (this) {
      case DISK, TMPFS -> {
        all.put("qom-type", "memory-backend-file");
        all.put("mem-path", path(fixture, number).toString());
        all.put("share", "on");
      }
      case PRIVATE -> {
        all.put("qom-type", "memory-backend-file");
        all.put("mem-path", path(fixture, number).toString());
        all.put("share", "off");
      }
      case MEMFD -> {
        all.put("qom-type", "memory-backend-memfd");
        all.put("share", "on");
      }
      case ANONYMOUS -> {
        all.put("qom-type", "memory-backend-ram");
        all.put("share", "off");
      }
    }
    // so that a swap to a place of the same kind is a change
    all.put("dump", number % 2 == 0 ? "on" : "off");
    return all;
  }

  private Path path(SwapFixture fixture, int number) {
    Path folder = this == DISK ? fixture.disk() : fixture.folder;
    return folder.resolve(name().toLowerCase(Locale.ROOT) + number % 2);
  }

  /** The file that holds what is stored there. */
  public Optional<Path> file(SwapFixture fixture, int number) {
    return switch (this) {
      case DISK, TMPFS -> Optional.of(path(fixture, number));
      case PRIVATE, MEMFD, ANONYMOUS -> Optional.empty();
    };
  }
}
