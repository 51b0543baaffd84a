package holdfast.itest.dax;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * What a guest boots from, made once by {@code guest/make-image}.
 *
 * @param folder the image
 */
record GuestImage(Path folder) {
  /** The folder of the scripts, in this module. */
  static final Path SCRIPTS = Path.of("guest");

  private static final int LIMIT_MINUTES = 10;
  private static final int CANNOT = 3;

  /** With the value {@code required} a test fails where it would be skipped. */
  private static final String POLICY = "holdfast.test.guest";

  private static volatile GuestImage made;
  private static volatile String cannot;

  /** The image. The test is skipped where it can't be made, with a sentence that tells why. */
  static synchronized GuestImage get() throws IOException, InterruptedException {
    if (made == null && cannot == null) {
      make();
    }
    if (made == null && "required".equals(System.getProperty(POLICY))) {
      Assertions.fail(cannot);
    }
    Assumptions.assumeTrue(made != null, cannot);
    return made;
  }

  private static void make() throws IOException, InterruptedException {
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
      Assertions.fail("no image within " + LIMIT_MINUTES + " minutes: " + Files.readString(err));
    }
    switch (process.exitValue()) {
      case 0 -> made = new GuestImage(Path.of(Files.readString(out).strip()));
      case CANNOT -> {
        List<String> sentences = Files.readAllLines(err, UTF_8);
        cannot = "no guest with DAX: " + sentences.getLast();
      }
      default -> Assertions.fail("the guest's image was not made: " + Files.readString(err));
    }
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
