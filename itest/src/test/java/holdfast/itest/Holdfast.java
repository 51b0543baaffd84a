package holdfast.itest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The built product, started as a process in a folder of its own. */
final class Holdfast implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Process process;
  private final Path out;
  private final Path err;

  private Holdfast(Process process, Path out, Path err) {
    this.process = process;
    this.out = out;
    this.err = err;
  }

  /**
   * What a process that ended said.
   *
   * @param status its exit status
   * @param out its standard output
   * @param err its standard error, line by line
   */
  record Ended(int status, String out, List<String> err) {
    Map<String, Object> json() throws IOException {
      return JSON.std.mapFrom(out);
    }
  }

  /** Starts the product in {@code folder}; what it says goes to files beside that folder. */
  static Holdfast start(Path folder, List<String> arguments) throws IOException {
    Path home = Path.of(System.getProperty("java.home"));
    List<String> command = new ArrayList<>();
    command.add(home.resolve("bin/java").toString());
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.add("-jar");
    command.add(Path.of(System.getProperty("holdfast.jar")).toRealPath().toString());
    command.addAll(arguments);
    Path parent = folder.toAbsolutePath().getParent();
    Path out = Files.createTempFile(parent, "out", ".txt");
    Path err = Files.createTempFile(parent, "err", ".txt");
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    return new Holdfast(process, out, err);
  }

  /** Starts the product and waits for its end. */
  static Ended run(Path folder, String... arguments) throws IOException, InterruptedException {
    try (Holdfast holdfast = start(folder, List.of(arguments))) {
      return holdfast.awaitEnd();
    }
  }

  Ended awaitEnd() throws IOException, InterruptedException {
    if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
      fail("no end within " + LIMIT + "; standard error: " + Files.readString(err));
    }
    return new Ended(process.exitValue(), Files.readString(out), Files.readAllLines(err, UTF_8));
  }

  /** Waits until the process has mapped {@code file}. */
  void awaitMapped(Path file) throws IOException, InterruptedException {
    Path maps = Path.of("/proc/" + process.pid() + "/maps");
    long limit = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      assertTrue(process.isAlive(), () -> "ended early: " + readQuietly(err));
      try (Stream<String> lines = Files.lines(maps)) {
        if (lines.anyMatch(line -> line.endsWith(" " + file.toAbsolutePath()))) {
          return;
        }
      }
      assertTrue(System.nanoTime() < limit, () -> file + " is not mapped: " + readQuietly(err));
      process.waitFor(50, TimeUnit.MILLISECONDS);
    }
  }

  private static String readQuietly(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** SIGTERM. */
  void terminate() {
    process.destroy();
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    assertTrue(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS));
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
