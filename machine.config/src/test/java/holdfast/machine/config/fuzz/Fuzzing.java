package holdfast.machine.config.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Gives each of the parsers that a subclass lists in a static method {@code targets} inputs that a
 * fuzzer makes, led by what code they reach, for {@value #DEFAULT_SECONDS} seconds, so that every
 * build sees that the targets work; or for as many as the system property {@code
 * holdfast.fuzz.seconds} says ({@code ./check -Dholdfast.fuzz.seconds=600} after a change of a
 * parser). A target ends every input without an exception: it checks itself that a refusal is one
 * sentence and that what was accepted is the same when written again. An input that takes more than
 * {@value #LONGEST_INPUT_SECONDS} seconds, or more memory than the heap, is found as well.
 *
 * <p>The seeds are resources in the folder {@code fuzz}, one file each in the folder of their
 * target. An input that was found is written to {@code target/fuzz}; it belongs among the seeds,
 * whose files are given to the targets also where Jazzer has no native part.
 */
public abstract class Fuzzing {
  private static final String SECONDS = "holdfast.fuzz.seconds";
  private static final int DEFAULT_SECONDS = 2;
  private static final int LONGEST_INPUT_SECONDS = 20;
  private static final int LONGEST_INPUT_BYTES = 65_536;

  /** Less than any of the parsers has, more than a target alone. */
  private static final int LEAST_COVERAGE = 100;

  private static final Pattern DONE = Pattern.compile("#\\d+\\s+DONE\\s+cov: (\\d+)");

  /** Between the end of the fuzzer's time and the end of its process. */
  private static final int GRACE_SECONDS = 180;

  /** What Jazzer's jar has native parts for, among what Linux runs on. */
  private static final Set<String> ARCHITECTURES = Set.of("amd64", "aarch64");

  @ParameterizedTest(name = "{0}")
  @MethodSource("targets")
  @DisplayName("every seed ends in a result or in one sentence")
  void seeds(Class<?> target) throws Throwable {
    var input =
        MethodHandles.publicLookup()
            .findStatic(
                target, "fuzzerTestOneInput", MethodType.methodType(void.class, byte[].class));
    List<Path> seeds = files(seedsOf(target));
    assertFalse(seeds.isEmpty());
    for (Path seed : seeds) {
      try {
        input.invokeExact(Files.readAllBytes(seed));
      } catch (Exception | AssertionError e) {
        throw new AssertionError(seed + ": " + e, e);
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("targets")
  @DisplayName("every input that the fuzzer makes ends in a result or in one sentence")
  void fuzzed(Class<?> target) throws IOException, InterruptedException, URISyntaxException {
    int seconds = Integer.getInteger(SECONDS, DEFAULT_SECONDS);
    assumeTrue(seconds > 0, SECONDS + " is 0: the fuzzer is not wanted");
    assumeTrue(
        ARCHITECTURES.contains(System.getProperty("os.arch")),
        "Jazzer has no native part for " + System.getProperty("os.arch"));

    Path folder = Path.of("target", "fuzz", target.getSimpleName()).toAbsolutePath();
    Path corpus = Files.createDirectories(folder.resolve("corpus"));
    Path log = folder.resolve("log");
    Process fuzzer =
        new ProcessBuilder(command(target, seconds, folder, corpus))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      assertTrue(
          fuzzer.waitFor(seconds + GRACE_SECONDS, TimeUnit.SECONDS),
          "the fuzzer did not end: see " + log);
    } finally {
      fuzzer.destroyForcibly();
    }

    List<String> said = Files.readAllLines(log, StandardCharsets.ISO_8859_1);
    assertEquals(0, fuzzer.exitValue(), () -> finding(said, log));
    // Else nothing was tried, or the fuzzer was blind. It may find nothing new in what it has kept.
    assertTrue(
        said.stream().anyMatch(line -> line.matches("Done \\d+ runs in .*")), log.toString());
    assertTrue(covered(said) > LEAST_COVERAGE, log.toString());
  }

  /** How many branches the fuzzer saw. */
  private static int covered(List<String> said) {
    return said.stream()
        .map(DONE::matcher)
        .filter(Matcher::lookingAt)
        .mapToInt(done -> Integer.parseInt(done.group(1)))
        .findFirst()
        .orElse(0);
  }

  private static List<String> command(Class<?> target, int seconds, Path folder, Path corpus)
      throws IOException, URISyntaxException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // Little heap and stack, so that what grows with its input is found.
    command.addAll(List.of("-Xmx512m", "-Xss512k", "-XX:+UseSerialGC"));
    command.addAll(
        List.of(
            "-XX:+EnableDynamicAgentLoading",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add("com.code_intelligence.jazzer.Jazzer");
    command.add("--target_class=" + target.getName());
    command.add(
        "--instrumentation_includes=holdfast.**" + File.pathSeparator + "com.fasterxml.jackson.**");
    command.add("--reproducer_path=" + folder);
    command.add("-artifact_prefix=" + folder + File.separator);
    command.add("-dict=" + dictionary(folder));
    command.add("-max_total_time=" + seconds);
    command.add("-timeout=" + LONGEST_INPUT_SECONDS);
    command.add("-max_len=" + LONGEST_INPUT_BYTES);
    command.add("-rss_limit_mb=0");
    command.add(corpus.toString());
    command.add(seedsOf(target).toString());
    return command;
  }

  /** What the fuzzer says of an input that it found. */
  private static String finding(List<String> said, Path log) {
    List<String> lines =
        said.stream()
            .filter(
                line ->
                    line.startsWith("== Java Exception")
                        || line.startsWith("==ERROR")
                        || line.contains("ERROR: ")
                        || line.contains("Test unit written to"))
            .toList();
    return String.join("; ", lines) + "; see " + log;
  }

  private static Path seedsOf(Class<?> target) throws URISyntaxException {
    String name = "/fuzz/" + target.getSimpleName();
    URL url = target.getResource(name);
    return Path.of(Objects.requireNonNull(url, name).toURI());
  }

  /** As a file: a fuzzer of another module finds it in a jar. */
  private static Path dictionary(Path folder) throws IOException {
    Path file = folder.resolve("options.dict");
    try (InputStream content = Fuzzing.class.getResourceAsStream("/fuzz/options.dict")) {
      Files.copy(Objects.requireNonNull(content), file, StandardCopyOption.REPLACE_EXISTING);
    }
    return file;
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }
}
