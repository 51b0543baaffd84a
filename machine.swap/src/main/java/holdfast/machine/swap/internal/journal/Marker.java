package holdfast.machine.swap.internal.journal;

import holdfast.backend.api.FileIdentity;
import java.time.Instant;
import java.util.Optional;

/** What a note says of the file that it stands beside. */
sealed interface Marker {

  /** One that a swap wrote. */
  sealed interface Told extends Marker {
    /** The swap. */
    SwapId swap();
  }

  /** The swap has not come to its switch: the new file is an unfinished copy, the old one good. */
  record Copying(SwapId swap) implements Told {}

  /** Of the old file: whether it is still the good one is told by the new one's note. */
  record Switching(SwapId swap) implements Told {}

  /** Of the new file: it is the good one. */
  record Complete(SwapId swap) implements Told {}

  /**
   * Of the old file: what it holds is out of date.
   *
   * @param content the file as it was let go; empty if nobody looked, or if it can't be told when
   *     it is stored into
   */
  record Moved(SwapId swap, Optional<Content> content) implements Told {}

  /**
   * A note that is not believed.
   *
   * @param reason the rest of a sentence that begins with the note: "is a FIFO, …"
   */
  record Unreadable(String reason) implements Marker {}

  /**
   * What a file holds, without looking into it: as long as it is the same file, with the same time
   * of its last change, which the kernel alone sets, its bytes are the same.
   *
   * @param file which file it is
   * @param size in bytes
   * @param changed when anything of it changed last
   */
  record Content(FileIdentity file, long size, Instant changed) {}
}
