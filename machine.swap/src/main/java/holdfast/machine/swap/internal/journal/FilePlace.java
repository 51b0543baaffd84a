package holdfast.machine.swap.internal.journal;

import holdfast.backend.api.FileIdentity;
import holdfast.host.linux.files.FoundFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The place that a path leads to, however it is spelled: a file, known by its identity, or, if
 * there is none yet, a name in a folder, which has an identity.
 *
 * @param real the path without symbolic links, as far as it can be resolved
 * @param file the file, if it exists
 * @param folder the folder, if it exists
 */
public record FilePlace(Path real, Optional<FileIdentity> file, Optional<FileIdentity> folder) {
  private static final Logger LOG = LoggerFactory.getLogger(FilePlace.class);

  /** Resolves a path at this moment. */
  public static FilePlace of(Path path) {
    Path real = FoundFile.realPath(path);
    Optional<Path> folder = Optional.ofNullable(real.getParent());
    return new FilePlace(real, identity(real), folder.flatMap(FilePlace::identity));
  }

  private static Optional<FileIdentity> identity(Path path) {
    try {
      return FoundFile.status(path).map(status -> status.identity(FileIdentity::new));
    } catch (IOException e) {
      LOG.debug("{}", e.toString());
      return Optional.empty();
    }
  }

  /**
   * Returns whether stores into one are stores into the other, even if the two were resolved at
   * different times.
   */
  public boolean isSame(FilePlace other) {
    return real.equals(other.real)
        || file.isPresent() && file.equals(other.file)
        || folder.isPresent()
            && folder.equals(other.folder)
            && real.getFileName().equals(other.real.getFileName());
  }
}
