package holdfast.machine.migration.internal.stream;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** A QEMU without a guest that runs, told by its monitor what to do. Used by one thread. */
public final class Qemu implements AutoCloseable {
  public static final String PROGRAM = "qemu-system-x86_64";

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Map<String, Object> ENDED = Map.of();

  private final Process process;
  private final Path complaints;
  private final BlockingQueue<Map<String, Object>> said = new LinkedBlockingQueue<>();
  private final List<Map<String, Object>> events = new ArrayList<>();

  /** Starts one; its complaints go to a file in the folder. */
  public Qemu(Path folder, List<String> options) throws Exception {
    complaints = folder.resolve("qemu.log");
    process =
        new ProcessBuilder(
                Stream.concat(
                        Stream.of(PROGRAM, "-nodefaults", "-no-user-config", "-display", "none"),
                        Stream.concat(Stream.of("-S", "-qmp", "stdio"), options.stream()))
                    .toList())
            .redirectError(complaints.toFile())
            .start();
    Thread.ofVirtual().start(this::listen);
    execute("qmp_capabilities", Map.of());
    execute(
        "migrate-set-capabilities",
        Map.of("capabilities", List.of(Map.of("capability", "events", "state", true))));
  }

  /** Whether QEMU can be run here. */
  static boolean isThere() {
    try {
      Process version =
          new ProcessBuilder(PROGRAM, "--version")
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      return version.waitFor() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void listen() {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        said.add(JSON.std.mapFrom(line));
      }
    } catch (IOException e) {
      // Ended meanwhile.
    } finally {
      said.add(ENDED);
    }
  }

  /** Executes a command and returns what it answers. */
  public Object execute(String command, Map<String, Object> arguments) throws Exception {
    process
        .outputWriter(StandardCharsets.UTF_8)
        .append(JSON.std.asString(Map.of("execute", command, "arguments", arguments)))
        .append('\n')
        .flush();
    while (true) {
      Map<String, Object> next = next(command);
      if (next.containsKey("return")) {
        return next.get("return");
      }
      if (next.containsKey("error")) {
        throw new AssertionError(command + ": " + next);
      }
    }
  }

  /** Waits until a migration has come to an end; returns it. */
  public String migrated() throws Exception {
    Predicate<Map<String, Object>> isEnd =
        event ->
            "MIGRATION".equals(event.get("event"))
                && List.of("completed", "failed").contains(status(event.get("data")));
    while (events.stream().noneMatch(isEnd)) {
      next("the end of a migration");
    }
    return status(events.stream().filter(isEnd).findFirst().orElseThrow().get("data"));
  }

  /** Returns the status of a migration or of the machine, as a command tells it. */
  public String status(String command) throws Exception {
    return status(execute(command, Map.of()));
  }

  private static String status(Object of) {
    return String.valueOf(((Map<?, ?>) of).get("status"));
  }

  /** Returns the type of the machine that has the alias. */
  public String machine(String alias) throws Exception {
    return ((List<?>) execute("query-machines", Map.of()))
        .stream()
            .map(each -> (Map<?, ?>) each)
            .filter(each -> alias.equals(each.get("alias")))
            .map(each -> String.valueOf(each.get("name")))
            .findFirst()
            .orElse(alias);
  }

  private Map<String, Object> next(String awaited) throws Exception {
    Map<String, Object> next = said.poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
    if (next == null || next == ENDED) {
      throw new AssertionError(
          "QEMU %s before %s: %s"
              .formatted(
                  next == null ? "said nothing for a minute" : "ended",
                  awaited,
                  Files.readString(complaints)));
    }
    if (next.containsKey("event")) {
      events.add(next);
    }
    return next;
  }

  /** Ends it. */
  @Override
  public void close() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor();
  }
}
