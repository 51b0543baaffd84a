package holdfast.monitor.metrics.internal.prometheus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.HostException;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.core.OpenMachine;
import holdfast.monitor.metrics.internal.OpenHoldfast;
import holdfast.monitor.metrics.internal.Readings;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is served by HTTP of a machine of a library, to clients of each kind. */
@Timeout(120)
class EndpointTest {
  private static final int HOSTILE = 100;

  private OpenHoldfast open;
  private Endpoint endpoint;

  @BeforeEach
  void open() throws Exception {
    open = new OpenHoldfast();
    endpoint = endpoint(Endpoint.LIMIT);
  }

  private Endpoint endpoint(Duration limit) throws IOException {
    return Endpoint.open(loopback(0), new MachineCollector(open.readings()), limit);
  }

  @AfterEach
  void close() throws IOException {
    endpoint.close();
    open.close();
  }

  private static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket();
    socket.setSoTimeout(30_000);
    socket.connect(loopback(endpoint.port()));
    return socket;
  }

  private String request(String head) throws IOException {
    try (Socket socket = connect()) {
      socket.getOutputStream().write((head + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private String metrics() throws IOException {
    String answer = request("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close");
    assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
    return answer;
  }

  private void assertHas(String line) throws IOException {
    String answer = metrics();
    assertTrue(answer.lines().anyMatch(line::equals), () -> line + " in\n" + answer);
  }

  @Test
  @DisplayName("persists, the memory that was touched, and a failure, as they are")
  void values() throws Exception {
    assertHas("holdfast_machine_up 1.0");
    assertHas("holdfast_persists_total{backend=\"m0\"} 0.0");
    for (int i = 0; i < 3; i++) {
      open.admin().persist("m0", 0, 4096);
    }
    assertHas("holdfast_persists_total{backend=\"m0\"} 3.0");
    assertHas("holdfast_persisted_bytes_total{backend=\"m0\"} 12288.0");
    assertHas("holdfast_persist_duration_seconds_count{backend=\"m0\"} 3");
    assertHas("holdfast_persist_duration_seconds_bucket{backend=\"m0\",le=\"+Inf\"} 3");
    assertHas("holdfast_region_size_bytes{backend=\"m0\"} " + (double) OpenHoldfast.SIZE);
    assertHas("holdfast_region_mapped_bytes{backend=\"m0\"} " + (double) OpenHoldfast.SIZE);
    assertHas("holdfast_region_state{backend=\"m0\",state=\"attached\"} 1.0");
    assertHas("holdfast_region_state{backend=\"m0\",state=\"failed\"} 0.0");
    assertHas("holdfast_region_failures_total{backend=\"m0\",cause=\"persist\"} 0.0");
    assertFalse(metrics().contains("holdfast_swap_dirty_bytes"), "no swap is under way");

    try (RandomAccessFile file = new RandomAccessFile(open.file().toFile(), "rw")) {
      file.setLength(4096);
    }
    assertThrows(HostException.class, () -> open.admin().persist("m0", 0, OpenHoldfast.SIZE));
    assertHas("holdfast_persist_failures_total{backend=\"m0\"} 1.0");
    assertHas("holdfast_region_failures_total{backend=\"m0\",cause=\"persist\"} 1.0");
    assertHas("holdfast_region_state{backend=\"m0\",state=\"failed\"} 1.0");
  }

  @Test
  @DisplayName("a migration: its state, bytes and downtime, once the machine has met one")
  void migrations() throws Exception {
    try (OpenMachine there = OpenMachine.of()) {
      Readings readings = new Readings(there.admin());
      endpoint.close();
      endpoint = Endpoint.open(loopback(0), new MachineCollector(readings), Endpoint.LIMIT);
      assertFalse(metrics().contains("holdfast_migration"), "it has met none");

      there.admin().migration().migrate("tcp:b:1");
      there.migration.become(MigrationState.ACTIVE, 2);
      assertHas("holdfast_migration_state{state=\"active\"} 1.0");
      assertHas("holdfast_migration_state{state=\"completed\"} 0.0");
      assertHas("holdfast_migration_transferred_bytes " + (double) (12 << 20));
      assertHas("holdfast_migration_remaining_bytes " + (double) (3 << 20));
      assertFalse(metrics().contains("holdfast_migration_downtime"), "it has stopped nobody");

      there.migration.become(MigrationState.COMPLETED, 2);
      assertHas("holdfast_migration_state{state=\"completed\"} 1.0");
      assertHas("holdfast_migration_downtime_seconds 0.012");
      readings.deactivate();
    }
  }

  @Test
  @DisplayName("pages that are touched become resident, within a second")
  void resident() throws Exception {
    String name = "holdfast_region_resident_bytes{backend=\"m0\"} ";
    open.machine()
        .memory()
        .devices()
        .getLast()
        .segment()
        .asSlice(0, OpenHoldfast.SIZE)
        .fill((byte) 1);
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (metrics().lines().noneMatch((name + (double) OpenHoldfast.SIZE)::equals)) {
      assertTrue(System.nanoTime() < end, this::metricsOrSentence);
      Thread.sleep(100);
    }
  }

  private String metricsOrSentence() {
    try {
      return metrics();
    } catch (IOException e) {
      return e.toString();
    }
  }

  @Test
  @DisplayName("a swap, when it has ended")
  void swap() throws Exception {
    open.admin()
        .swap("m0", Map.of("mem-path", open.other().toString()), SwapLimits.DEFAULT)
        .await(Duration.ofSeconds(30));
    String done = "holdfast_swap_duration_seconds_count{backend=\"m0\",outcome=\"done\"} 1";
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (metrics().lines().noneMatch(done::equals)) { // its event is told by another thread
      assertTrue(System.nanoTime() < end, this::metricsOrSentence);
      Thread.sleep(10);
    }
    assertHas("holdfast_swap_duration_seconds_count{backend=\"m0\",outcome=\"rolled-back\"} 0");
    assertHas("holdfast_swap_running{backend=\"m0\"} 0.0");
    assertHas("holdfast_swap_pause_seconds_count{backend=\"m0\"} 1");
    assertTrue(
        metrics().contains("holdfast_swap_copied_bytes_total{backend=\"m0\"} 4"),
        this::metricsOrSentence);
  }

  @Test
  @DisplayName("the machine's end: it is not up, and nothing else is told")
  void ended() throws Exception {
    open.machine().close();
    assertHas("holdfast_machine_up 0.0");
    assertFalse(metrics().contains("backend="));
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:9464, 200", "localhost, 200", "LOCALHOST:1, 200", "[::1]:9464, 200",
    "example.org, 403", "example.org:9464, 403", "127.0.0.1.example.org, 403", "'', 403",
    "192.168.0.1, 403",
  })
  @DisplayName(
      "to who asks for this host alone: not to a page whose name turns into a loopback one")
  void hosts(String host, int status) throws IOException {
    String answer = request("GET /metrics HTTP/1.1\r\nHost: " + host + "\r\nConnection: close");
    assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
  }

  @Test
  @DisplayName("a hundred connections that are half open, or silent, keep nobody out")
  void halfOpen() throws IOException {
    List<Socket> hostile = new ArrayList<>();
    try {
      for (int i = 0; i < HOSTILE; i++) {
        hostile.add(connect());
        if (i % 3 != 0) {
          hostile
              .getLast()
              .getOutputStream()
              .write("GET /metrics HTTP/1.1\r\nHost: ".getBytes(StandardCharsets.US_ASCII));
        }
      }
      for (int i = 0; i < HOSTILE; i++) {
        metrics();
      }
    } finally {
      for (Socket socket : hostile) {
        socket.close();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/metric", "/actuator", "*"})
  @DisplayName("there is nothing else than /metrics")
  void nothingElse(String path) throws IOException {
    String answer = request("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close");
    assertTrue(answer.startsWith("HTTP/1.1 4"), answer);
  }

  @Test
  @DisplayName("half a request is given up on when its time is over")
  void tooSlow() throws IOException {
    endpoint.close();
    endpoint = endpoint(Duration.ofSeconds(3));
    try (Socket socket = connect()) {
      socket.getOutputStream().write("GET /metrics HTT".getBytes(StandardCharsets.US_ASCII));
      assertEquals(-1, endOf(socket));
    }
    metrics();
  }

  private static int endOf(Socket socket) throws IOException {
    try (InputStream in = socket.getInputStream()) {
      return in.read();
    } catch (SocketException reset) {
      return -1;
    }
  }

  @ParameterizedTest
  @CsvSource({"'GET /'", "'GET /metrics HTTP/1.1\r\nX: '", "'GET /metrics HTTP/1.1\r\n'"})
  @DisplayName("a giant request line, a giant header, headers without end: the connection ends")
  void giant(String begin) throws IOException {
    boolean ended = false;
    try (Socket socket = connect()) {
      OutputStream out = socket.getOutputStream();
      out.write(begin.getBytes(StandardCharsets.US_ASCII));
      byte[] more =
          (begin.endsWith("\n") ? "A: b\r\n" : "a")
              .repeat(1 << 16)
              .getBytes(StandardCharsets.US_ASCII);
      for (int i = 0; i < 1000 && !ended; i++) {
        out.write(more);
      }
    } catch (SocketException e) {
      ended = true;
    }
    assertTrue(ended);
    metrics();
  }

  @Test
  @DisplayName("a port that is taken: an error that says so, and no thread is left")
  void taken() throws IOException {
    try (ServerSocket other = new ServerSocket()) {
      other.bind(loopback(0));
      IOException e =
          assertThrows(
              IOException.class,
              () ->
                  Endpoint.open(
                      loopback(other.getLocalPort()),
                      new MachineCollector(open.readings()),
                      Endpoint.LIMIT));
      assertEquals("Address already in use", e.getMessage());
    }
  }

  @Test
  @DisplayName("after its end nobody can connect, and who was half through is cut off")
  void end() throws IOException {
    try (Socket half = connect()) {
      half.getOutputStream().write("GET /me".getBytes(StandardCharsets.US_ASCII));
      metrics();
      int port = endpoint.port();
      endpoint.close();
      assertEquals(-1, endOf(half));
      assertThrows(ConnectException.class, () -> new Socket("127.0.0.1", port).close());
    }
  }
}
