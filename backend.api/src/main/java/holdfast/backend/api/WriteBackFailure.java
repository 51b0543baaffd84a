package holdfast.backend.api;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * A failure of the kernel to write stored bytes back to a file. It is not known which bytes were
 * lost: Linux reports such a failure once for each open file, in the result of whichever call asks
 * next, and treats the pages as clean from then on.
 *
 * @param call the system call that reported it, for example {@code msync}
 * @param errno the kernel's answer, for example {@code EIO (Input/output error)}
 * @param when when it was reported
 */
public record WriteBackFailure(String call, String errno, Instant when) {

  /** Returns what failed and when, as half a sentence. */
  public String sentence() {
    return call + ": " + errno + ", told at " + when.truncatedTo(ChronoUnit.MILLIS);
  }
}
