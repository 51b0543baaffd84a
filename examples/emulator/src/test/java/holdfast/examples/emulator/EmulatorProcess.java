package holdfast.examples.emulator;

import static org.junit.jupiter.api.Assertions.fail;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An emulator as the README starts it: {@code examples/emulator/run}, in a tree of its own with
 * what the build made, so that it builds nothing.
 */
final class EmulatorProcess implements AutoCloseable {
  private static final long SECONDS = 120;

  /** How many lines are told of a process that says something else. */
  private static final int MOST_TOLD = 20;

  private final Process process;
  private final List<String> said = new ArrayList<>();
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  private EmulatorProcess(Process process) {
    this.process = process;
    Thread.ofPlatform().daemon().start(this::read);
  }

  /** Makes the tree in {@code folder}. */
  static void makeTree(Path folder) throws IOException {
    Path module = Path.of("").toAbsolutePath();
    Path root = module.getParent().getParent();
    Path here = Files.createDirectories(folder.resolve("examples/emulator"));
    Path target = Files.createDirectory(here.resolve("target"));
    copy(module.resolve("run"), here.resolve("run"));
    copy(root.resolve("cnf/find-jdk.sh"), folder.resolve("cnf/find-jdk.sh"));
    copy(root.resolve("cnf/logback.xml"), folder.resolve("cnf/logback.xml"));
    for (String name : List.of("classes", "lib")) {
      Files.createSymbolicLink(target.resolve(name), module.resolve("target").resolve(name));
    }
    Files.createFile(target.resolve("built"));
  }

  /** Takes the links out of the tree, which lead out of the test's folder. */
  static void removeLinks(Path folder) throws IOException {
    for (String name : List.of("classes", "lib")) {
      Files.deleteIfExists(folder.resolve("examples/emulator/target").resolve(name));
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to.getParent());
    Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES);
  }

  /** Starts the emulator {@code name} in {@code folder}. */
  static EmulatorProcess start(Path folder, String name, String... options) throws IOException {
    List<String> command = new ArrayList<>(List.of("examples/emulator/run", name));
    command.addAll(List.of(options));
    return new EmulatorProcess(
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start());
  }

  private void read() {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      reader.lines().forEach(lines::add);
    } catch (IOException | java.io.UncheckedIOException e) {
      lines.add("its output ended: " + e);
    }
  }

  private List<String> last() {
    return said.subList(Math.max(0, said.size() - MOST_TOLD), said.size());
  }

  /** Waits for a line that fits, and returns it. */
  Matcher await(String pattern) throws InterruptedException {
    Pattern wanted = Pattern.compile(pattern);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (true) {
      String line = lines.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (line == null) {
        return fail("no line like " + pattern + " within " + SECONDS + " s, but last " + last());
      }
      said.add(line);
      Matcher matcher = wanted.matcher(line);
      if (matcher.matches()) {
        return matcher;
      }
    }
  }

  /** Waits for a line that fits, and returns the number in it. */
  long awaitNumber(String pattern) throws InterruptedException {
    return Long.parseLong(await(pattern).group(1));
  }

  /** Writes a line to it. */
  void say(String line) throws IOException {
    Writer writer = process.outputWriter(StandardCharsets.UTF_8);
    writer.write(line + "\n");
    writer.flush();
  }

  /** Kills it, as if nothing had warned it. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Waits for its end, and returns its exit status. */
  int awaitEnd() throws InterruptedException {
    if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
      return fail("it goes on: " + last());
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
