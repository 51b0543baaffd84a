package holdfast.machine.swap.internal.journal;

import holdfast.backend.api.FileIdentity;
import holdfast.host.linux.files.FoundFile;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The place of a region's bytes before or after a swap.
 *
 * @param path the file or device, by its real folder; empty for memory that ends with its process
 * @param takesNotes whether a note that survives a reboot can be beside it
 * @param file the open file; empty if it is not known
 */
public record Side(Optional<Path> path, boolean takesNotes, Optional<FileIdentity> file) {
  /** Returns the side of a file that exists or will be created. */
  public static Side file(Path path) {
    return file(path, Optional.empty());
  }

  /**
   * Returns the side of a file.
   *
   * @param file its identity, if it is open
   */
  public static Side file(Path path, Optional<FileIdentity> file) {
    return new Side(Optional.of(FoundFile.realPath(path)), true, file);
  }

  /** Returns the side of a DAX device. */
  public static Side device(Path path) {
    return new Side(Optional.of(path.toAbsolutePath()), false, Optional.empty());
  }

  /**
   * Returns the side of memory that ends with its process, including a file that no longer has a
   * name.
   */
  public static Side memory() {
    return new Side(Optional.empty(), false, Optional.empty());
  }

  /** Returns the file beside which a note is kept. */
  Optional<Path> noted() {
    return takesNotes ? path : Optional.empty();
  }
}
