package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code -metrics} of the built product. */
@Timeout(180)
class MetricsIT {
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);

  @TempDir(factory = OnBuildDisk.class)
  Path scratch;

  private Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Files.createDirectory(scratch.resolve("cwd"));
  }

  private static ServerSocket anyPort() throws IOException {
    return new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  }

  private static String get(int port) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket
          .getOutputStream()
          .write("GET /metrics HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  @DisplayName("serves what is there when the machine is up; a second machine says that it can't")
  void served() throws Exception {
    int port;
    try (ServerSocket any = anyPort()) {
      port = any.getLocalPort();
    }
    List<String> arguments =
        List.of("-m", "16M", "-metrics", "prometheus,address=127.0.0.1:" + port);
    try (Holdfast first = Holdfast.start(folder, arguments)) {
      String answer = await(first, port);
      assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
      assertTrue(answer.contains("\nholdfast_machine_up 1.0\n"), answer);
      assertTrue(
          answer.contains("\nholdfast_region_size_bytes{backend=\"pc.ram\"} 1.6777216E7\n"),
          answer);
      try (Holdfast second = Holdfast.start(folder, arguments)) {
        second.awaitError("metrics can't be served at 127.0.0.1:" + port + ": Address already in");
        second.terminate();
        second.awaitEnd();
      }
      assertTrue(get(port).contains("\nholdfast_machine_up 1.0\n"));
      first.terminate();
      assertEquals(List.of(), first.awaitEnd().err());
    }
  }

  private static String await(Holdfast machine, int port) throws Exception {
    long limit = System.nanoTime() + LIMIT_NANOS;
    while (true) {
      try {
        return get(port);
      } catch (IOException notYet) {
        if (System.nanoTime() > limit) {
          throw notYet;
        }
        machine.staysFor(20);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'prometheus,address=0.0.0.0:9464', 0.0.0.0:9464 is no loopback address",
    "'prometheus,address=127.0.0.1', has no port",
    "promteheus, did you mean prometheus?",
  })
  @DisplayName("a mistake is refused before anything is opened")
  void refused(String value, String words) throws Exception {
    String sentence = Holdfast.run(folder, "-m", "16M", "-metrics", value).refusal();
    assertTrue(sentence.contains(words), sentence);
  }
}
