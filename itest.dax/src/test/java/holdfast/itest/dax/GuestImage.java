package holdfast.itest.dax;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * What a guest boots from, made once by {@code guest/make-image}.
 *
 * @param folder the image
 */
record GuestImage(Path folder) {
  /** The folder of the scripts, in this module. */
  static final Path SCRIPTS = Path.of("guest");

  private static final int LIMIT_MINUTES = 15;
  private static final int CANNOT = 3;

  /** What came of the one try: an image, or a sentence that tells why there is none. */
  private sealed interface Outcome {
    record Made(GuestImage image) implements Outcome {}

    record Impossible(String why) implements Outcome {}
  }

  private static Outcome outcome;

  /** The image. */
  static GuestImage get() {
    return switch (outcome()) {
      case Outcome.Made(GuestImage image) -> image;
      case Outcome.Impossible(String why) -> fail(why);
    };
  }

  /** Why there can be no image here; empty if there is one. */
  static Optional<String> whyNot() {
    return switch (outcome()) {
      case Outcome.Made made -> Optional.empty();
      case Outcome.Impossible(String why) -> Optional.of(why);
    };
  }

  private static synchronized Outcome outcome() {
    if (outcome == null) {
      try {
        outcome = make();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
    return outcome;
  }

  private static Outcome make() throws IOException, InterruptedException {
    Path target = Files.createDirectories(Path.of("target"));
    Path out = target.resolve("make-image.out");
    Path err = target.resolve("make-image.err");
    Process process =
        new ProcessBuilder(SCRIPTS.resolve("make-image").toString())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    if (!process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      fail("no image within " + LIMIT_MINUTES + " minutes: " + Files.readString(err));
    }
    return switch (process.exitValue()) {
      case 0 -> new Outcome.Made(new GuestImage(Path.of(Files.readString(out).strip())));
      case CANNOT -> {
        List<String> sentences = Files.readAllLines(err, UTF_8);
        yield new Outcome.Impossible("no guest with DAX: " + sentences.getLast());
      }
      default -> fail("the guest's image was not made: " + Files.readString(err));
    };
  }

  /** The kernel, unpacked if it could be. */
  Path kernel() {
    Path unpacked = folder.resolve("vmlinux");
    return Files.exists(unpacked) ? unpacked : folder.resolve("vmlinuz");
  }

  Path initramfs() {
    return folder.resolve("initramfs");
  }

  Path tools() {
    return folder.resolve("tools");
  }
}
