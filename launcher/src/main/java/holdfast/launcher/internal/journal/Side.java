package holdfast.launcher.internal.journal;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a region's bytes are before or after a swap.
 *
 * @param path the file or device; empty for memory that ends with its process
 * @param takesNotes whether a note can stand beside it that survives a reboot
 */
public record Side(Optional<Path> path, boolean takesNotes) {
  /** A file, there already or to be made. */
  public static Side file(Path path) {
    return new Side(Optional.of(path.toAbsolutePath()), true);
  }

  /** A DAX device. */
  public static Side device(Path path) {
    return new Side(Optional.of(path.toAbsolutePath()), false);
  }

  /** Memory that ends with its process. */
  public static Side memory() {
    return new Side(Optional.empty(), false);
  }

  /** The file beside which a note is kept. */
  Optional<Path> noted() {
    return takesNotes ? path : Optional.empty();
  }
}
