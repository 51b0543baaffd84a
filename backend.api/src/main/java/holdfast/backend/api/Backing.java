package holdfast.backend.api;

import java.nio.file.Path;
import java.util.Objects;

/** Where the bytes of a RAM block live. */
public sealed interface Backing {

  /**
   * A path: a regular file, a file of a memory file system, a DAX device, or a folder, in which an
   * unnamed file is made that ends with the block. A file that does not exist is created.
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

    /** The file itself, from its beginning. */
    public File(Path path) {
      this(path, ByteSize.ZERO, false);
    }

    @Override
    public String toString() {
      return path.toString();
    }
  }

  /**
   * An unnamed file in memory, memfd_create(2), gone with the process.
   *
   * @param hugetlb whether it is made of huge pages
   * @param hugetlbSize the size of the huge pages, 0 for the host's default; means nothing without
   *     {@code hugetlb}
   * @param seal whether its size is sealed, so that nobody who is handed the descriptor can shrink
   *     it under the guest (F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SEAL)
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

  /** Memory of the process itself, gone with it. */
  record Anonymous() implements Backing {
    @Override
    public String toString() {
      return "anonymous memory";
    }
  }
}
