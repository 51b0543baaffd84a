package holdfast.host.linux;

import java.nio.file.Path;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The request during which a system call failed: memory of some size, with a file or without.
 * {@link Remedy} reads it to distinguish the causes of one errno.
 */
@ConsumerType
public interface Request {

  /** Returns the file that holds the memory; empty for memory without one. */
  Optional<Path> file();

  /** Returns whether the file is opened read-only. */
  boolean readOnly();

  /** Returns whether stores into the memory reach the file and every other process that maps it. */
  boolean shared();

  /** Returns the size of the memory in bytes. */
  long size();

  /** Returns where the memory ends in its file, in bytes. */
  long end();

  /** Returns the alignment that its address needs, in bytes; 0 if any will do. */
  long align();

  /** Returns whether the memory is a memfd of huge pages, of the host's default size or another. */
  boolean hugePages();

  /**
   * Returns the size in bytes of those pages; 0 for the host's default size, and if there are none.
   */
  long hugePage();

  /** Formats a number of bytes exactly, as an option takes it. */
  String exact(long bytes);

  /** Formats a number of bytes for people, rounded. */
  String rounded(long bytes);
}
