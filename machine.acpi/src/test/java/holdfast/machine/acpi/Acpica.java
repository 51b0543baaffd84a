package holdfast.machine.acpi;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * ACPICA's programs, which nobody of Holdfast wrote: the compiler and disassembler, and the
 * interpreter that Linux has.
 *
 * @param folder where they leave their files
 */
record Acpica(Path folder) {
  private static final int LIMIT_SECONDS = 120;
  private static final Pattern COMPLAINT =
      Pattern.compile("(?im)^.*\\b(?:warning|error|invalid|unknown)\\b.*$");
  private static final Pattern FIELD = Pattern.compile("^(?:\\[.*\\])? *(\\S.*?) : (.*)$");

  static boolean isThere() {
    return Stream.of("iasl", "acpiexec")
        .allMatch(
            program ->
                Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                    .anyMatch(path -> Files.isExecutable(Path.of(path, program))));
  }

  /** One line of a data table's disassembly. */
  record Field(String name, String value) {}

  /**
   * Disassembles a table, checks that the disassembler has no complaint, and returns the source.
   */
  String disassemble(String name, MemorySegment table) throws IOException, InterruptedException {
    Files.write(folder.resolve(name + ".aml"), table.toArray(ValueLayout.JAVA_BYTE));
    String said = run("iasl", "-d", name + ".aml");
    assertNoComplaint(said);
    String source = Files.readString(folder.resolve(name + ".dsl"));
    // Interfaces' identifiers that it has no name for: QEMU's tables have the same one.
    assertNoComplaint(source.replace("/* Unknown UUID */", ""));
    return source;
  }

  /** Compiles a source without a warning and returns the table. */
  byte[] compile(String name) throws IOException, InterruptedException {
    String said = run("iasl", "-we", "-p", name + "-again", name + ".dsl");
    assertNoComplaint(said.replaceAll("\\b0 Errors|\\b0 Warnings", ""));
    assertTrue(said.contains("ompil"), said);
    return Files.readAllBytes(folder.resolve(name + "-again.aml"));
  }

  private static void assertNoComplaint(String said) {
    assertEquals(List.of(), COMPLAINT.matcher(said).results().map(MatchResult::group).toList());
  }

  /** The fields of a data table's disassembly, without those that a compiler sets itself. */
  static List<Field> fields(String source) {
    List<Field> fields = new ArrayList<>();
    source
        .lines()
        .map(FIELD::matcher)
        .filter(Matcher::matches)
        .forEach(line -> fields.add(new Field(line.group(1), line.group(2))));
    return fields;
  }

  /** The table without what the compiler says of itself, and the checksum over that. */
  static byte[] withoutCreator(byte[] table) {
    byte[] copy = table.clone();
    copy[9] = 0;
    Arrays.fill(copy, 28, 36, (byte) 0);
    return copy;
  }

  /** Evaluates a method with these tables loaded, and returns all that was said. */
  String evaluate(String method, String... tables) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("acpiexec", "-b", "evaluate " + method));
    command.addAll(List.of(tables));
    return run(command.toArray(String[]::new));
  }

  private String run(String... command) throws IOException, InterruptedException {
    Path log = folder.resolve(command[0] + ".log");
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectInput(new File("/dev/null"))
            .redirectOutput(log.toFile())
            .start();
    boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
    process.destroyForcibly();
    String said = Files.readString(log, ISO_8859_1);
    assertTrue(ended, () -> "no end of " + List.of(command) + ": " + said);
    assertEquals(0, process.exitValue(), () -> List.of(command) + ": " + said);
    return said;
  }
}
