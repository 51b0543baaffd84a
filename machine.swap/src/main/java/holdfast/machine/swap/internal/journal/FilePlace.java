package holdfast.machine.swap.internal.journal;

import holdfast.backend.api.FileIdentity;
import holdfast.host.linux.files.FoundFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a path leads, however it is spelled: to a file, which is known by its identity, and if it
 * is not there yet to a name in a folder, which has an identity.
 *
 * @param real the path without symbolic links, as far as it can be followed
 * @param file the file, if it is there
 * @param folder the folder, if it is there
 */
public record FilePlace(Path real, Optional<FileIdentity> file, Optional<FileIdentity> folder) {
  private static final Logger LOG = LoggerFactory.getLogger(FilePlace.class);

  /** Looks where a path leads at this moment. */
  public static FilePlace of(Path path) {
    Path real = real(path);
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
   * Whether it can't even be told what is at a path, as where its folder may not be searched. Then
   * its notes can't be told either, and who opens it hears why.
   */
  static boolean isOutOfReach(Path path) {
    try {
      FoundFile.status(path);
      return false;
    } catch (IOException e) {
      LOG.debug("{}", e.toString());
      return true;
    }
  }

  /**
   * A path without symbolic links: of a file that is not there, in its real folder; of one whose
   * folder is not there either, the absolute path.
   */
  static Path real(Path path) {
    Path absolute = path.toAbsolutePath();
    try {
      return absolute.toRealPath();
    } catch (IOException e) {
      LOG.debug("{} is not there yet, or can't be followed: {}", absolute, e.toString());
    }
    Path folder = absolute.getParent();
    try {
      return folder == null ? absolute : folder.toRealPath().resolve(absolute.getFileName());
    } catch (IOException e) {
      LOG.debug("{}", e.toString());
      return absolute;
    }
  }

  /**
   * Whether what is stored at the one is stored at the other: they may have been looked at apart.
   */
  public boolean isSame(FilePlace other) {
    return real.equals(other.real)
        || file.isPresent() && file.equals(other.file)
        || folder.isPresent()
            && folder.equals(other.folder)
            && real.getFileName().equals(other.real.getFileName());
  }
}
