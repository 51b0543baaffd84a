package holdfast.bench;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A QEMU that runs no guest and is told by QMP what to do. */
final class Qemu implements AutoCloseable {
  private static final String PROGRAM = "qemu-system-x86_64";

  private final Process process;
  private final BufferedReader answers;
  private final BufferedWriter commands;

  /** Starts one. */
  Qemu(String... options) throws IOException {
    process =
        new ProcessBuilder(command(List.of(options)))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    answers = process.inputReader(StandardCharsets.UTF_8);
    commands =
        new BufferedWriter(
            new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
    answers.readLine();
    execute("{\"execute\":\"qmp_capabilities\"}");
  }

  /** Returns the command line of one without a guest. */
  static List<String> command(List<String> options) {
    List<String> command = new ArrayList<>();
    command.add(PROGRAM);
    command.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none", "-S"));
    command.addAll(List.of("-qmp", "stdio"));
    command.addAll(options);
    return command;
  }

  /** Returns its version; empty if it is not installed. */
  static Optional<String> version() {
    return Words.firstLine(PROGRAM, "--version");
  }

  /** The process's id. */
  long pid() {
    return process.pid();
  }

  /**
   * Executes a command.
   *
   * @return how long it took to answer, in nanoseconds
   * @throws IOException if it failed
   */
  long execute(String command) throws IOException {
    long before = System.nanoTime();
    answer(command);
    return System.nanoTime() - before;
  }

  /** Returns the object that a command returns. */
  Json ask(String command) throws IOException {
    return new Json(JSON.std.mapFrom(answer(command))).object("return");
  }

  private String answer(String command) throws IOException {
    commands.write(command);
    commands.write('\n');
    commands.flush();
    String answer = answers.readLine();
    while (answer != null && answer.startsWith("{\"timestamp\"")) {
      answer = answers.readLine();
    }
    if (answer == null || !answer.startsWith("{\"return\"")) {
      throw new IOException(command + ": " + answer);
    }
    return answer;
  }

  /** Returns how long a command takes that does nothing, in nanoseconds. */
  double roundTrip() throws IOException {
    Sample sample = new Sample();
    for (int i = 0; i < 50; i++) {
      sample.add(execute("{\"execute\":\"query-name\"}"));
    }
    return sample.median();
  }

  /**
   * Adds a memory backend.
   *
   * @param more its further properties as JSON, each after a comma
   * @return how long it took
   */
  long add(Path file, long size, String more) throws IOException {
    return execute(
        "{\"execute\":\"object-add\",\"arguments\":{\"qom-type\":\"memory-backend-file\",\"id\":\"m\","
            + "\"share\":true,\"size\":"
            + size
            + ",\"mem-path\":\""
            + file
            + "\""
            + more
            + "}}");
  }

  /**
   * Removes it.
   *
   * @return how long it took
   */
  long remove() throws IOException {
    return execute("{\"execute\":\"object-del\",\"arguments\":{\"id\":\"m\"}}");
  }

  @Override
  public void close() throws IOException {
    try {
      execute("{\"execute\":\"quit\"}");
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
