package holdfast.start;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Finds out who owns a file, and who else may replace the content of a folder. */
final class Owner {
  private static final int ROOT = 0;
  private static final int STICKY = 01000;
  private static final int OTHERS_WRITE = 0022;
  private static final int EVERYBODY_WRITES = 0002;

  private Owner() {}

  /** Returns the number of the user that this process runs as. */
  static int self() throws IOException {
    // proc(5): the folder of a process belongs to its effective user
    return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
  }

  /**
   * Returns why another user could replace a folder that is created in {@code folder}; empty if
   * only root can.
   *
   * @param folder a real path
   */
  static String objection(Path folder, int self) throws IOException {
    for (Path each = folder; each != null; each = each.getParent()) {
      Map<String, Object> found =
          Files.readAttributes(each, "unix:uid,mode", LinkOption.NOFOLLOW_LINKS);
      int owner = (int) Objects.requireNonNull(found.get("uid"));
      int mode = (int) Objects.requireNonNull(found.get("mode"));
      String which = each.equals(folder) ? "it" : each.toString();
      if (owner != ROOT && owner != self) {
        return which + " belongs to user " + owner;
      }
      if ((mode & OTHERS_WRITE) != 0 && (mode & STICKY) == 0) {
        return which + " may be written by others and has no sticky bit";
      }
    }
    return "";
  }

  /**
   * Returns why anybody could have put code into a file or a folder that the operator named; empty
   * if only its owner, those to whom its owner gave the right, and root can.
   *
   * @param named a real path
   */
  static String objectionToCode(Path named, int self) throws IOException {
    boolean isShared =
        false; // of the folder around it, in which the sticky bit keeps what is there
    for (Path each = named.getRoot(); each != null; each = next(each, named)) {
      Map<String, Object> found =
          Files.readAttributes(each, "unix:uid,mode", LinkOption.NOFOLLOW_LINKS);
      int owner = (int) Objects.requireNonNull(found.get("uid"));
      int mode = (int) Objects.requireNonNull(found.get("mode"));
      if (isShared && owner != ROOT && owner != self) {
        return each + " belongs to user " + owner + ", in a folder that everybody may write";
      }
      isShared = (mode & EVERYBODY_WRITES) != 0;
      if (isShared && (each.equals(named) || (mode & STICKY) == 0)) {
        return each + " may be written by everybody";
      }
    }
    return "";
  }

  /** Returns the path one step below {@code above} on the way to {@code named}; null at its end. */
  private static @Nullable Path next(Path above, Path named) {
    return above.equals(named) ? null : above.resolve(named.getName(above.getNameCount()));
  }
}
