package holdfast.machine.swap.internal.journal;

import holdfast.backend.api.FileIdentity;
import java.time.Instant;
import java.util.Optional;

/** The content of a note: the state of the file that it is beside. */
sealed interface Marker {

  /** A note that a swap wrote. */
  sealed interface Written extends Marker {
    /** Returns the swap. */
    SwapId swap();
  }

  /**
   * The swap has not reached its switch: the new file is an unfinished copy, the old one is valid.
   */
  record Copying(SwapId swap) implements Written {}

  /** For the old file: the new file's note decides whether it is still valid. */
  record Switching(SwapId swap) implements Written {}

  /** For the new file: it is the valid one. */
  record Complete(SwapId swap) implements Written {}

  /**
   * For the old file: its content is out of date.
   *
   * @param content the file as it was released; empty if that was not recorded, or if stores into
   *     it can't be detected
   */
  record Moved(SwapId swap, Optional<Content> content) implements Written {}

  /**
   * A note that is not trusted.
   *
   * @param reason the rest of a sentence that begins with the note: "is a FIFO, …"
   */
  record Unreadable(String reason) implements Marker {}

  /**
   * The content of a file, identified without reading it: as long as it is the same file with the
   * same time of its last change, which only the kernel sets, its bytes are the same.
   *
   * @param file which file it is
   * @param size in bytes
   * @param changed when anything of it changed last
   */
  record Content(FileIdentity file, long size, Instant changed) {}
}
