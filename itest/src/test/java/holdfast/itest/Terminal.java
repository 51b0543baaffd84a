package holdfast.itest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A command at a terminal, which script(1) makes. */
final class Terminal implements AutoCloseable {
  private static final long LIMIT_SECONDS = 60;

  private final Process process;
  private final Path screen;
  private int seen;

  /**
   * @param folder where it runs; what it shows goes to a file beside that folder
   */
  Terminal(Path folder, List<String> command) throws IOException {
    screen = Files.createTempFile(folder.toAbsolutePath().getParent(), "screen", "");
    // a build that was started in the background ignores SIGINT, and so would all that it starts
    ProcessBuilder builder =
        new ProcessBuilder(
                "env",
                "--default-signal=INT,QUIT",
                "script",
                "-qefc",
                "stty rows 40 cols 120; exec " + String.join(" ", command),
                "/dev/null")
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(screen.toFile());
    builder.environment().put("TERM", "xterm");
    builder.environment().put("SHELL", "/bin/sh");
    process = builder.start();
  }

  void type(String keys) throws IOException {
    process.getOutputStream().write(keys.getBytes(UTF_8));
    process.getOutputStream().flush();
  }

  /** Returns all that it has shown. */
  String screen() throws IOException {
    return Files.readString(screen, UTF_8);
  }

  /** Waits until the screen shows {@code text} below what was awaited before. */
  void await(String text) throws IOException, InterruptedException {
    assertTrue(shows(text, LIMIT_SECONDS), () -> "no '" + text + "': " + quietly());
  }

  /** Returns whether the screen shows {@code text} in time, below what was awaited before. */
  boolean shows(String text, long seconds) throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (true) {
      boolean alive = process.isAlive();
      int found = screen().indexOf(text, seen);
      if (found >= 0) {
        seen = found + text.length();
        return true;
      }
      if (!alive || System.nanoTime() > end) {
        return false;
      }
      process.waitFor(20, TimeUnit.MILLISECONDS);
    }
  }

  /** Returns what it has shown below what was awaited last. */
  String quietly() {
    try {
      return screen().substring(seen);
    } catch (IOException e) {
      return "" + e;
    }
  }

  /** Lets it run; what is awaited here shows nothing. */
  void runFor(long millis) throws InterruptedException {
    process.waitFor(millis, TimeUnit.MILLISECONDS);
  }

  /** Waits for its end, and returns its exit status. */
  int status() throws InterruptedException {
    assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), this::quietly);
    return process.exitValue();
  }

  /** Sends SIGTERM to the Java in it. */
  void terminate() {
    process
        .descendants()
        .filter(child -> child.info().command().orElse("").endsWith("java"))
        .forEach(ProcessHandle::destroy);
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
