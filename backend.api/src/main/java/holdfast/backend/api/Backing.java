package holdfast.backend.api;

import java.nio.file.Path;

/** Where the bytes of a RAM block live. */
public sealed interface Backing {

  /**
   * A path: a regular file, a file of a memory file system, or a DAX device. A file that does not
   * exist is created.
   */
  record File(Path path) implements Backing {
    @Override
    public String toString() {
      return path.toString();
    }
  }

  /** Memory of the process itself, gone with it. */
  record Anonymous() implements Backing {
    @Override
    public String toString() {
      return "anonymous memory";
    }
  }
}
