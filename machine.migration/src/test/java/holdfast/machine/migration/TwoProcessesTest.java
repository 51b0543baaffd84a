package holdfast.machine.migration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A guest goes from one process to another and back, again and again, storing all the time. Files
 * are on the disk of temporary files.
 */
class TwoProcessesTest {
  private static final long SECONDS = 120;

  /** A thousand take about ten minutes. */
  private static final int MIGRATIONS = Integer.getInteger("holdfast.test.migrations", 6);

  @TempDir Path folder;

  /** One of the two processes, and its folder. */
  private final class Peer implements AutoCloseable {
    private final Path own;
    private final Process process;
    private final Writer orders;
    private final BufferedReader answers;
    private int descriptors = Integer.MAX_VALUE;
    private int arrivals;

    Peer(String name) throws IOException {
      own = Files.createDirectory(folder.resolve(name));
      process =
          new ProcessBuilder(Station.command(own))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      orders = process.outputWriter(StandardCharsets.US_ASCII);
      answers = process.inputReader(StandardCharsets.US_ASCII);
    }

    private String obey(String order) throws Exception {
      orders.write(order + "\n");
      orders.flush();
      CompletableFuture<String> answer = CompletableFuture.supplyAsync(this::answer);
      return answer.get(SECONDS, TimeUnit.SECONDS);
    }

    private String answer() {
      try {
        String line = answers.readLine();
        return line == null ? fail("it ended: what it said stands above") : line;
      } catch (IOException e) {
        return fail(e);
      }
    }

    /** Waits for the guest; descriptors become no more once all was opened that is opened once. */
    void awaitGuest() throws Exception {
      String[] answer = obey("arrived").split(" ");
      assertEquals("descriptors", answer[0]);
      int open = Integer.parseInt(answer[1]);
      assertTrue(open <= descriptors, "descriptors: " + open);
      if (++arrivals == 2) {
        descriptors = open + 5;
      }
      try (Stream<Path> files = Files.list(own)) {
        assertEquals(
            List.of("nv0.img", "nv1.img"),
            files.map(file -> file.getFileName().toString()).sorted().toList(),
            "the guest is here, and only here");
      }
    }

    @Override
    public void close() throws Exception {
      orders.close();
      if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        fail("a process does not end");
      }
      assertEquals(0, process.exitValue());
    }
  }

  @Test
  @Timeout(value = 2, unit = TimeUnit.HOURS) // for a thousand on a busy machine
  @DisplayName("nothing is lost, torn or reordered, and nothing left behind in either process")
  void thereAndBack() throws Exception {
    String address = "unix:" + folder.resolve("socket");
    try (Peer first = new Peer("first");
        Peer second = new Peer("second")) {
      assertEquals("open", first.obey("begin"));
      for (int number = 0; number < MIGRATIONS; number++) {
        Peer from = number % 2 == 0 ? first : second;
        Peer to = number % 2 == 0 ? second : first;
        assertEquals("open", to.obey("expect " + address));
        assertEquals("left", from.obey("leave " + address));
        to.awaitGuest();
      }
    }
  }
}
