package holdfast.backend.api;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * A failure of the kernel to write stored bytes back to a file. Which bytes they were is not known:
 * Linux tells of such a failure once for each open file, in the answer to whichever call asks next,
 * and takes the pages for clean from then on.
 *
 * @param call the system call whose answer told of it, for example {@code msync}
 * @param errno the kernel's answer, for example {@code EIO (Input/output error)}
 * @param when when it was told
 */
public record WriteBackFailure(String call, String errno, Instant when) {

  /** Tells what failed and when, as half a sentence. */
  public String sentence() {
    return call + ": " + errno + ", told at " + when.truncatedTo(ChronoUnit.MILLIS);
  }
}
