package holdfast.launcher.internal.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** The usage text of the command. */
final class Usage {
  private Usage() {}

  /**
   * Returns the usage text; the executable jar has the same file for when there is no framework.
   */
  static String text() {
    try (InputStream in = Objects.requireNonNull(Usage.class.getResourceAsStream("usage.txt"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
