package holdfast.host.linux;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What somebody asked of the host when a system call failed: memory of some size, with a file or
 * without. {@link Remedy} reads it to tell apart what the kernel answers with one errno.
 */
public interface Request {

  /** The file that the memory is in; empty for memory that has none. */
  Optional<Path> file();

  /** Whether nothing is to be written to the file. */
  boolean readOnly();

  /** Whether stores into the memory reach the file, and others who map it. */
  boolean shared();

  /** The size of the memory in bytes. */
  long size();

  /** Where the memory ends in its file, in bytes. */
  long end();

  /** What its address is to be a multiple of, in bytes; 0 if that doesn't matter. */
  long align();

  /** Whether it is a memory file of huge pages, of the host's own size or another. */
  boolean hugePages();

  /** The size in bytes of those pages; 0 for the host's own, and where there are none. */
  long hugePage();

  /** A number of bytes as an option would have it, exact. */
  String exact(long bytes);

  /** A number of bytes for people, rounded. */
  String rounded(long bytes);
}
