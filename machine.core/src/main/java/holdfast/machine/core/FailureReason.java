package holdfast.machine.core;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.WriteBackFailure;
import java.util.Optional;

/** Finds why a region has failed, as a sentence about it. */
final class FailureReason {
  /** The reason of an access that met a page that the host can't provide. */
  private static final String LOST_PAGE =
      "a page is lost: the file was truncated, or its disk is full or failed";

  private FailureReason() {}

  /** Returns the reason without the backend prefix that the log line already has. */
  static String of(Throwable cause, RamBlockSpec spec) {
    if (cause instanceof InternalError) {
      return LOST_PAGE; // the JVM's message mentions Unsafe
    }
    String sentence = "" + cause.getMessage();
    String subject = "memory backend '" + spec.id() + "' on " + spec.backing() + ": ";
    return sentence.startsWith(subject) ? sentence.substring(subject.length()) : sentence;
  }

  /** Returns the reason of a block whose file was not written back; empty if it was. */
  static Optional<String> ofWriteBack(RamBlock block) {
    return block.writeBackFailure().map(FailureReason::sentence);
  }

  private static String sentence(WriteBackFailure failure) {
    return "the file could not be written back ("
        + failure.sentence()
        + "), and the kernel doesn't tell what of it was lost";
  }

  /**
   * Returns why a page of a block can't be provided; empty if the range is there, and the last page
   * as well: an access fails late, perhaps for another page, and a file that was truncated has lost
   * its last one.
   *
   * @param stored whether the access was a store
   */
  static Optional<String> ofLostPage(RamBlock block, long offset, long length, boolean stored) {
    return block
        .lostPage(offset, length, stored)
        .or(() -> block.lostPage(block.spec().size().bytes() - 1, 1, false));
  }
}
