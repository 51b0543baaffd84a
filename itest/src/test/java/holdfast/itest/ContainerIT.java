package holdfast.itest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The recipe of docs/containers.md, as somebody who reads it types it. */
@Execution(ExecutionMode.CONCURRENT)
class ContainerIT {
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```sh\n(.*?)^```$");
  private static final int LIMIT_SECONDS = 60;

  @TempDir Path folder;
  private Path sources;
  private List<String> blocks;
  private Process container;

  @BeforeEach
  void read() throws IOException {
    sources = Holdfast.jar().getParent().getParent().getParent();
    String section =
        Files.readString(sources.resolve("docs/containers.md"))
            .split("(?m)^## Plain Felix$")[1]
            .split("(?m)^## ")[0];
    blocks = BLOCK.matcher(section).results().map(block -> block.group(1)).toList();
    assertEquals(4, blocks.size(), "to prepare, to configure, to start, to ask");
  }

  @AfterEach
  void end() throws InterruptedException {
    if (container != null) {
      container.descendants().forEach(ProcessHandle::destroyForcibly);
      container.destroyForcibly();
      assertTrue(container.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS));
    }
  }

  private Process bash(Path where, String script, Path out) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder("bash", "-e", "-c", script)
            .directory(where.toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile());
    builder.environment().put("HOLDFAST", sources.toString());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    return builder.start();
  }

  private static void await(String text, Path log, Process process)
      throws IOException, InterruptedException {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
    while (!Files.readString(log, UTF_8).contains(text)) {
      assertTrue(
          process.isAlive() && System.nanoTime() < limit, "no '" + text + "' in " + read(log));
      process.waitFor(50, TimeUnit.MILLISECONDS);
    }
  }

  private static String read(Path log) {
    try {
      return Files.readString(log, UTF_8);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private String ask(String script) throws IOException, InterruptedException {
    Path out = Files.createTempFile(folder, "answer", ".txt");
    Process asked = bash(folder.resolve("my-felix"), script, out);
    assertTrue(asked.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), () -> read(out));
    assertEquals(0, asked.exitValue(), () -> read(out));
    return read(out);
  }

  @Test
  @DisplayName("the recipe for plain Felix brings a machine up, which can be asked and ended")
  void plainFelix() throws Exception {
    Path log = folder.resolve("log.txt");
    container = bash(folder, String.join("", blocks.subList(0, 3)), log);

    await("the machine is up: ", log, container);
    await("holdfast.sock", log, container);
    String list = ask(blocks.get(3));

    assertTrue(list.contains("nv_be4"), list);
    Path own = folder.resolve("my-felix");
    assertEquals(16 << 20, Files.size(own.resolve("nv.img")));
    assertEquals(
        List.of(),
        Stream.of(read(log).split("\n"))
            .filter(line -> line.contains("ERROR") || line.contains("Exception"))
            .toList());

    Stream.concat(container.descendants(), Stream.of(container.toHandle()))
        .forEach(ProcessHandle::destroy); // the last command may have taken the shell's place
    assertTrue(container.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), () -> read(log));
    assertFalse(Files.exists(own.resolve("holdfast.sock")), "the socket goes with the machine");
  }
}
