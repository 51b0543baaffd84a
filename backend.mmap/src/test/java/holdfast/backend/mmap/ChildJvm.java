package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Another JVM on the test's own class path, which is killed at the end if it has not ended. */
final class ChildJvm implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String LOGGING = "logback.configurationFile";
  private static final String END = "(its output ends)";
  private static final int KILLED = 128 + 9;

  private final Process process;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  /** Starts {@code main} with {@code arguments}; what it says on standard error is ours. */
  ChildJvm(Class<?> main, List<String> arguments) throws IOException {
    this(main, arguments, Map.of());
  }

  /** The same with more variables in its environment. */
  ChildJvm(Class<?> main, List<String> arguments, Map<String, String> environment)
      throws IOException {
    this(List.of("-XX:TieredStopAtLevel=1"), main, arguments, environment);
  }

  /** The same with these options of the JVM. */
  ChildJvm(
      List<String> options, Class<?> main, List<String> arguments, Map<String, String> environment)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-Xshare:auto",
            "-XX:-UsePerfData", // a killed JVM would leave its file
            "--enable-native-access=ALL-UNNAMED"));
    String logging = System.getProperty(LOGGING);
    if (logging != null) {
      command.add("-D" + LOGGING + "=" + logging);
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    Thread.ofVirtual().start(this::listen);
  }

  private void listen() {
    try (BufferedReader out = process.inputReader()) {
      out.lines().forEach(lines::add);
    } catch (IOException | UncheckedIOException killed) {
      // what it said before is in the queue
    } finally {
      lines.add(END);
    }
  }

  /** The next line of its standard output. */
  String says() throws InterruptedException {
    String line = lines.poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
    assertTrue(line != null, "the other process says nothing");
    assertTrue(!END.equals(line), "the other process ended too early");
    return line;
  }

  /** Ends it with SIGKILL, and returns when nothing of it is left. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    assertTrue(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS), "it can't be killed");
    assertEquals(KILLED, process.exitValue(), "it was not the kill that ended it");
  }

  /** Waits for its end; its exit status. */
  int awaitEnd() throws InterruptedException {
    assertTrue(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS), "it does not end");
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** Called by the child: it is alive until it is killed. */
  static void stayUntilKilled() {
    new Semaphore(0).acquireUninterruptibly();
  }
}
