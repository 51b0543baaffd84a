package holdfast.backend.api;

import java.nio.file.Path;
import java.util.Objects;
import org.osgi.annotation.versioning.ProviderType;

/** Where the bytes of a RAM block live. */
@ProviderType
public sealed interface Backing {

  /**
   * A path to a regular file, a file on an in-memory file system, a DAX device, or a folder. In a
   * folder an unnamed file is made, which is deleted when the block is closed. A file that does not
   * exist is created.
   *
   * @param offset where in the file or device the block begins, a multiple of the page size
   * @param followsLink whether a symbolic link in the last component of the path is followed;
   *     otherwise it is refused
   */
  record File(Path path, ByteSize offset, boolean followsLink) implements Backing {
    public File {
      Objects.requireNonNull(path);
      Objects.requireNonNull(offset);
    }

    /** Backs a block with the file from its beginning; a symbolic link is not followed. */
    public File(Path path) {
      this(path, ByteSize.ZERO, false);
    }

    @Override
    public String toString() {
      return path.toString();
    }
  }

  /**
   * An unnamed file in memory, memfd_create(2), which ends with the process.
   *
   * @param hugetlb whether it is made of huge pages
   * @param hugetlbSize the size of the huge pages, 0 for the host's default; ignored without {@code
   *     hugetlb}
   * @param seal whether its size is sealed, so that no process that is given the descriptor can
   *     shrink it under the guest (F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SEAL)
   */
  record Memfd(boolean hugetlb, ByteSize hugetlbSize, boolean seal) implements Backing {
    public Memfd {
      Objects.requireNonNull(hugetlbSize);
    }

    @Override
    public String toString() {
      return hugetlb ? "a memfd of huge pages" : "a memfd";
    }
  }

  /** Anonymous memory of this process, which ends with it. */
  record Anonymous() implements Backing {
    @Override
    public String toString() {
      return "anonymous memory";
    }
  }
}
