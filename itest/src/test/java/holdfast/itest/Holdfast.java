package holdfast.itest;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.util.function.Predicate;

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

    /** The one sentence of a refusal: exit status 1, nothing on standard output, no stack trace. */
    String refusal() {
      assertEquals("", out);
      List<String> sentences =
          err.stream().filter(line -> !line.startsWith("holdfast: warning: ")).toList();
      assertEquals(1, sentences.size(), err::toString);
      String sentence = sentences.getFirst();
      assertTrue(sentence.startsWith("holdfast: "), sentence);
      assertFalse(sentence.contains("Exception"), sentence);
      assertEquals(1, status, sentence);
      return sentence;
    }
  }

  /** Starts the product in {@code folder}; what it says goes to files beside that folder. */
  static Holdfast start(Path folder, List<String> arguments) throws IOException {
    return start(List.of(), folder, arguments);
  }

  /**
   * Starts it through another command.
   *
   * @param through the command and its options, such as setpriv(1)
   */
  static Holdfast start(List<String> through, Path folder, List<String> arguments)
      throws IOException {
    List<String> command = new ArrayList<>(through);
    command.addAll(command(jar(), List.of(), arguments));
    return startCommand(command, folder);
  }

  /** The command line that starts a jar as {@code ./holdfast} does, with options of the JVM. */
  static List<String> command(Path jar, List<String> jvm, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(java().toString());
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.addAll(jvm);
    command.add("-jar");
    command.add(jar.toString());
    command.addAll(arguments);
    return command;
  }

  /** Starts any command in {@code folder}. */
  static Holdfast startCommand(List<String> command, Path folder) throws IOException {
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

  /** The Java that it is started with. */
  static Path java() {
    return Path.of(System.getProperty("java.home"), "bin", "java");
  }

  /** What is started. */
  static Path jar() throws IOException {
    return Path.of(System.getProperty("holdfast.jar")).toRealPath();
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

  /** The mappings of the process, as {@code /proc/PID/smaps} tells of them. */
  List<String> smaps() throws IOException {
    return Files.readAllLines(Path.of("/proc/" + process.pid() + "/smaps"), ISO_8859_1);
  }

  /** Waits until the process has mapped {@code file}. */
  void awaitMapped(Path file) throws IOException, InterruptedException {
    awaitMaps(maps -> maps.stream().anyMatch(line -> line.endsWith(" " + file.toAbsolutePath())));
  }

  /** Waits until {@code /proc/PID/maps} is as wanted. */
  void awaitMaps(Predicate<List<String>> wanted) throws IOException, InterruptedException {
    Path maps = Path.of("/proc/" + process.pid() + "/maps");
    long limit = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      assertTrue(process.isAlive(), () -> "ended early: " + readQuietly(err));
      if (wanted.test(Files.readAllLines(maps, ISO_8859_1))) {
        return;
      }
      assertTrue(System.nanoTime() < limit, () -> "not mapped: " + readQuietly(err));
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

  /** Waits until its standard output has this text. */
  void awaitOutput(String text) throws IOException, InterruptedException {
    await(out, text);
  }

  /** Waits until its standard error has this text. */
  void awaitError(String text) throws IOException, InterruptedException {
    await(err, text);
  }

  private void await(Path file, String text) throws IOException, InterruptedException {
    long limit = System.nanoTime() + LIMIT.toNanos();
    while (!Files.readString(file).contains(text)) {
      assertTrue(System.nanoTime() < limit, () -> "no '" + text + "': " + readQuietly(file));
      process.waitFor(20, TimeUnit.MILLISECONDS);
    }
  }

  /** Lets it run for so long, or to its end. */
  void runFor(int millis) throws InterruptedException {
    process.waitFor(millis, TimeUnit.MILLISECONDS);
  }

  /** Lets it run for so long; if it ends meanwhile, what it said is the failure. */
  void staysFor(int millis) throws InterruptedException {
    boolean ended = process.waitFor(millis, TimeUnit.MILLISECONDS);
    assertFalse(ended, () -> "ended early: " + readQuietly(err));
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
