package holdfast.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Words for numbers, and those of programs. */
final class Words {
  private Words() {}

  /** Returns a number with a noun. */
  static String count(long number, String noun) {
    return number + " " + noun + (number == 1 ? "" : "s");
  }

  /** Returns a power of two of bytes. */
  static String size(long bytes) {
    return Unit.BYTES.show(bytes);
  }

  /** Returns the first line that a program prints; empty if it can't be run or fails. */
  static Optional<String> firstLine(String... command) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
        Optional<String> line = Optional.ofNullable(out.readLine());
        out.transferTo(Writer.nullWriter());
        return process.waitFor() == 0 ? line : Optional.empty();
      }
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }
}
