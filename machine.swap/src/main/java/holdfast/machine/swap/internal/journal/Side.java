package holdfast.machine.swap.internal.journal;

import holdfast.backend.api.FileIdentity;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a region's bytes are before or after a swap.
 *
 * @param path the file or device, by its real folder; empty for memory that ends with its process
 * @param takesNotes whether a note can stand beside it that survives a reboot
 * @param file the open file; empty if it is not known
 */
public record Side(Optional<Path> path, boolean takesNotes, Optional<FileIdentity> file) {
  /** A file, there already or to be made. */
  public static Side file(Path path) {
    return file(path, Optional.empty());
  }

  /**
   * A file.
   *
   * @param file which one it is, if it is open
   */
  public static Side file(Path path, Optional<FileIdentity> file) {
    return new Side(Optional.of(FilePlace.real(path)), true, file);
  }

  /** A DAX device. */
  public static Side device(Path path) {
    return new Side(Optional.of(path.toAbsolutePath()), false, Optional.empty());
  }

  /** Memory that ends with its process; a file that has no name any more among it. */
  public static Side memory() {
    return new Side(Optional.empty(), false, Optional.empty());
  }

  /** The file beside which a note is kept. */
  Optional<Path> noted() {
    return takesNotes ? path : Optional.empty();
  }
}
