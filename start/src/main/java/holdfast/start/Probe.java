package holdfast.start;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Supplier;
import java.util.function.ToIntBiFunction;

/**
 * What answers {@code -probe} without a framework. It stands on the class path of the jar that
 * {@code ./holdfast} starts for that, and of no other.
 *
 * @param answer gives the exit status for the arguments and what tells the product's version
 */
record Probe(ToIntBiFunction<List<String>, Supplier<String>> answer) {

  /** Returns it where it stands on the class path. */
  @SuppressWarnings("unchecked") // there is one in the jar, and of these types
  static Optional<Probe> find() {
    return ServiceLoader.load(ToIntBiFunction.class, Probe.class.getClassLoader())
        .findFirst()
        .map(found -> new Probe((ToIntBiFunction<List<String>, Supplier<String>>) found));
  }

  /**
   * Answers.
   *
   * @return the exit status
   * @throws StartException with a sentence if it failed for a reason that is no operator's mistake
   * @throws IOException if the jar is damaged
   */
  int run(List<String> arguments) throws StartException, IOException {
    try {
      return answer.applyAsInt(arguments, Probe::version);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } catch (RuntimeException e) {
      throw new StartException("the command failed: " + e);
    }
  }

  private static String version() {
    try {
      return new Product().version();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
