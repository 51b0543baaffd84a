package holdfast.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A C program that does the same. It prints lines of a name and a number. */
final class Rival {
  private final Path program;

  /**
   * @param name the program's, in the folder that the property {@code holdfast.bench.rivals} names
   */
  Rival(String name) {
    this.program = Path.of(System.getProperty("holdfast.bench.rivals", "target/rivals"), name);
  }

  /** Returns the program's file. */
  Path program() {
    return program;
  }

  /** Returns whether it could be compiled. */
  boolean isThere() {
    return Files.isExecutable(program);
  }

  /**
   * Runs it to its end.
   *
   * @return the numbers by their name, in the order in which they were printed
   * @throws IOException if it can't be run or fails; what it says goes to standard error
   */
  Map<String, List<Double>> run(Object... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(program.toString());
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    Map<String, List<Double>> numbers = new HashMap<>();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    output
        .lines()
        .map(line -> line.split(" "))
        .forEach(
            line ->
                numbers
                    .computeIfAbsent(line[0], name -> new ArrayList<>())
                    .add(Double.valueOf(line[1])));
    int status = process.waitFor();
    if (status != 0) {
      throw new IOException(String.join(" ", command) + " ended with status " + status);
    }
    return numbers;
  }
}
