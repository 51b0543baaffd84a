package holdfast.machine.config.options;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Completes the paths of files. */
public final class PathNames {
  /** More than somebody reads. */
  private static final int MOST = 500;

  private static final String PARTS = "._-+@:";

  private PathNames() {}

  /**
   * Returns the paths that are there and begin with {@code typed}, in their order; that of a folder
   * ends with a slash. Left out are those with blanks, control characters, and others that mean
   * something to a shell or in an option, and what a dot hides, unless that was typed.
   *
   * @param relative whether a relative path begins in the working folder of this process; if not,
   *     there are none
   */
  public static List<String> beginning(String typed, boolean relative) {
    int slash = typed.lastIndexOf('/') + 1;
    String folder = typed.substring(0, slash);
    if (!relative && folder.isEmpty()) {
      return typed.isEmpty() ? List.of("/") : List.of();
    }
    if (!relative && !folder.startsWith("/")) {
      return List.of();
    }
    String begin = typed.substring(slash);
    List<String> paths = new ArrayList<>();
    try (DirectoryStream<Path> there =
        Files.newDirectoryStream(
            Path.of(folder), one -> isOffered(String.valueOf(one.getFileName()), begin))) {
      for (Path one : there) {
        paths.add(folder + one.getFileName() + (Files.isDirectory(one) ? "/" : ""));
        if (paths.size() == MOST) {
          break;
        }
      }
    } catch (IOException | DirectoryIteratorException | InvalidPathException e) {
      return List.of(); // nothing can be seen there
    }
    paths.sort(null);
    return paths;
  }

  private static boolean isOffered(String name, String begin) {
    return name.startsWith(begin)
        && (!name.startsWith(".") || begin.startsWith("."))
        && name.codePoints().allMatch(PathNames::isPlain);
  }

  private static boolean isPlain(int codePoint) {
    return Character.isLetterOrDigit(codePoint) || PARTS.indexOf(codePoint) >= 0;
  }
}
