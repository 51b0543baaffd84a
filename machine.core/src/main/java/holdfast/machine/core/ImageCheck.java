package holdfast.machine.core;

import java.nio.file.Path;
import java.util.Optional;

/** Tells which files a machine can be started from. */
@FunctionalInterface
public interface ImageCheck {
  /** Takes every file. */
  ImageCheck NONE = image -> Optional.empty();

  /**
   * Returns why a machine must not be started from {@code image}, such as a copy that was cut off,
   * as half a sentence with advice; empty if it can be.
   */
  Optional<String> refusal(Path image);
}
