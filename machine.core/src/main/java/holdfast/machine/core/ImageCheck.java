package holdfast.machine.core;

import java.nio.file.Path;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/** Decides which files a machine can be started from. */
@FunctionalInterface
@ConsumerType
public interface ImageCheck {
  /** Accepts every file. */
  ImageCheck NONE = image -> Optional.empty();

  /**
   * Returns why a machine must not be started from {@code image}, for example because it is an
   * unfinished copy, as half a sentence with advice; empty if it can be.
   */
  Optional<String> refusal(Path image);

  /** Returns the check that refuses what this or another one refuses. */
  default ImageCheck and(ImageCheck other) {
    return image -> refusal(image).or(() -> other.refusal(image));
  }
}
