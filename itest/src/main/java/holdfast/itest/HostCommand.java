package holdfast.itest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A command of the host that a test needs, such as mount(8). */
final class HostCommand {
  private static final long LIMIT_SECONDS = 30;

  private HostCommand() {}

  /** What the command says if it fails, with the command; nothing if it doesn't. */
  static String run(String... command) throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectInput(Path.of("/dev/null").toFile())
              .start();
      String said = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return List.of(command) + " does not end";
      }
      return process.exitValue() == 0
          ? ""
          : List.of(command) + " ended with " + process.exitValue() + ": " + said;
    } catch (IOException e) {
      return List.of(command) + ": " + e.getMessage();
    }
  }

  /** Unmounts what is mounted over a folder. */
  static void unmount(Path folder) throws InterruptedException {
    String said = run("umount", folder.toString());
    if (!said.isEmpty()) {
      run("umount", "--lazy", folder.toString()); // so that it doesn't outlive the test
      throw new AssertionError(said);
    }
  }
}
