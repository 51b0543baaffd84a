package holdfast.machine.swap.internal.journal;

import holdfast.backend.api.BackendId;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives a warning about a region's file once, and again only when its cause has changed: otherwise
 * each swap of the region would repeat it. Thread-safe.
 */
public final class GivenWarnings {
  private static final Logger LOG = LoggerFactory.getLogger(GivenWarnings.class);

  private final Map<About, String> causes = new ConcurrentHashMap<>();

  /** What a warning is about. */
  public enum Kind {
    /** The file's name leads to another file by now. */
    OTHER_FILE,
    /** No note can be kept beside the file. */
    NO_NOTE,
    /** The notes of an earlier swap can't be settled. */
    UNSETTLED,
    /** The notes of a swap that is done can't be brought up to date. */
    LEFT
  }

  private record About(BackendId region, Kind kind, Path file) {}

  /**
   * Logs a warning, unless it was the last one of its kind about this region's file and its cause
   * is the same.
   *
   * @param cause what would make it another warning
   * @param sentence about the region, whose name comes before it
   */
  public void warn(BackendId region, Kind kind, Path file, String cause, String sentence) {
    if (!cause.equals(causes.put(new About(region, kind, file), cause))) {
      LOG.warn("memory backend '{}': {}", region, sentence);
    }
  }

  /** Records that there is no cause any more: when one comes back, the warning is given again. */
  public void clear(BackendId region, Kind kind, Path file) {
    causes.remove(new About(region, kind, file));
  }
}
