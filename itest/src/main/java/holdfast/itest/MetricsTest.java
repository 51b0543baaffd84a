package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.MemoryDevice;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.management.MBeanServer;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXConnectorServer;
import javax.management.remote.JMXConnectorServerFactory;
import javax.management.remote.JMXServiceURL;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;

/** Metrics in a framework: to a JMX client, and to who scrapes by HTTP. */
class MetricsTest extends LiveMachineTest {
  private static final String PID = "holdfast.monitor.metrics";
  private static final String SHARED = "{backend=\"shared\"}";
  private static final String REGION = "holdfast:type=Region,id=\"shared\"";
  private static final int HOSTILE = 100;

  private final List<Socket> hostile = new ArrayList<>();

  @AfterEach
  void endMetrics() throws IOException {
    for (Socket socket : hostile) {
      socket.close();
    }
    machine.delete(PID);
  }

  private static int freePort() throws IOException {
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return any.getLocalPort();
    }
  }

  private int serve() throws IOException {
    int port = freePort();
    machine.configure(PID, Map.of("address", "127.0.0.1:" + port));
    Await.until("served", () -> answers(port), answers -> answers);
    return port;
  }

  private static boolean answers(int port) {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      return socket.isConnected();
    } catch (IOException notYet) {
      return false;
    }
  }

  private static String get(int port, String more) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(60_000);
      socket
          .getOutputStream()
          .write(
              ("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n" + more + "Connection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static MetricsText scrape(int port) {
    try {
      String answer = get(port, "");
      int body = answer.indexOf("\r\n\r\n");
      assertTrue(answer.startsWith("HTTP/1.1 200 "), answer);
      assertTrue(answer.substring(0, body).contains("text/plain; version=0.0.4"), answer);
      return new MetricsText(answer.substring(body + 4));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @DisplayName(
      "what a scrape tells is what happened: persists, a swap, its pause, a lost allocator")
  void scraped() throws Exception {
    GuestMemory memory = machine.bringUp();
    int port = serve();
    MemoryDevice nvdimm = machine.device("nvdimm0");
    double persists = scrape(port).value("holdfast_persists_total" + SHARED);
    double bytes = scrape(port).value("holdfast_persisted_bytes_total" + SHARED);
    for (int i = 0; i < 10; i++) {
      memory.persist(nvdimm.address(), ByteSize.kib(4));
    }
    machine.run("ram:persist shared");
    MetricsText first = scrape(port);
    assertEquals(1, first.value("holdfast_machine_up"));
    assertEquals(persists + 11, first.value("holdfast_persists_total" + SHARED));
    assertEquals(
        bytes + 10 * 4096 + (16 << 20), first.value("holdfast_persisted_bytes_total" + SHARED));
    assertEquals(
        persists + 11, first.value("holdfast_persist_duration_seconds_count" + SHARED), "by page");
    assertEquals(16 << 20, first.value("holdfast_region_mapped_bytes" + SHARED));
    assertEquals(8 << 20, first.value("holdfast_region_size_bytes{backend=\"pc.ram\"}"));
    assertEquals(0, first.value("holdfast_persisted_bytes_total{backend=\"anonymous\"}"));

    GuestLoad load = GuestLoad.on(memory);
    var writer = context.registerService(GuestWriter.class, load, null);
    try {
      Path other = machine.folder().resolve("other.img");
      String answer = machine.run("ram:swap shared mem-path=" + other);
      assertTrue(answer.contains("done"), answer);
    } finally {
      writer.unregister();
      load.close();
    }
    String done = "holdfast_swap_duration_seconds_count{backend=\"shared\",outcome=\"done\"}";
    MetricsText swapped =
        Await.until("the swap", () -> scrape(port), text -> text.value(done) == 1);
    assertEquals(1, swapped.value("holdfast_swap_pause_seconds_count" + SHARED));
    assertTrue(swapped.value("holdfast_swap_pause_seconds_sum" + SHARED) > 0);
    assertTrue(swapped.value("holdfast_swap_copied_bytes_total" + SHARED) >= 16 << 20);
    assertEquals(0, swapped.value("holdfast_swap_running" + SHARED));
    assertTrue(
        swapped.value("holdfast_persists_total" + SHARED) >= persists + 11,
        "it is the same region");

    dax.stop();
    file.stop();
    assertEquals(
        1, scrape(port).value("holdfast_region_state{backend=\"shared\",state=\"detached\"}"));

    machine.takeDown();
    machine.configure(PID, Map.of("address", "127.0.0.1:" + port));
    Await.until("served", () -> answers(port), answers -> answers);
    assertEquals(Set.of("holdfast_machine_up"), scrape(port).names());
  }

  @Test
  @DisplayName("hostile clients: a giant header, a hundred half-open connections, a foreign name")
  void hostile() throws Exception {
    machine.bringUp();
    int port = serve();
    String giant = get(port, "X: " + "a".repeat(64 << 10) + "\r\n");
    assertTrue(giant.startsWith("HTTP/1.1 200 "), "64 KiB are no harm: " + giant);
    assertThrows(
        IOException.class,
        () -> {
          String none = get(port, "X: " + "a".repeat(8 << 20) + "\r\n");
          throw new IOException(none); // the end of the connection, if it was no reset
        });
    for (int i = 0; i < HOSTILE; i++) {
      Socket half = new Socket("127.0.0.1", port);
      hostile.add(half);
      half.getOutputStream().write("GET /metrics HTT".getBytes(StandardCharsets.US_ASCII));
    }
    for (int i = 0; i < 10; i++) {
      scrape(port);
    }
    machine.run("ram:persist shared");
    assertTrue(scrape(port).value("holdfast_persists_total" + SHARED) > 0);
  }

  @Test
  @DisplayName(
      "an address that others can reach, a port that is taken: not served, the machine goes on")
  void notServed() throws Exception {
    machine.bringUp();
    int port = freePort();
    machine.configure(PID, Map.of("address", "0.0.0.0:" + port));
    awaitLog("metrics are not served: configuration holdfast.monitor.metrics: address=0.0.0.0:");
    assertThrows(ConnectException.class, () -> new Socket("127.0.0.1", port).close());
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String address = "127.0.0.1:" + other.getLocalPort();
      machine.configure(PID, Map.of("address", address));
      awaitLog("metrics can't be served at " + address + ": Address already in use; name another");
    }
    assertTrue(machine.run("ram:list").contains("ADDRESS "), "the machine goes on");
    int right = serve();
    assertEquals(1, scrape(right).value("holdfast_machine_up"));
  }

  private static void awaitLog(String words) {
    Path log = Path.of(System.getProperty("holdfast.test.disk"), "itest.log");
    Await.until(words, () -> read(log), text -> text.contains(words));
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @DisplayName("beans, as a JMX client sees them; none is left when the bundle stops")
  @SuppressWarnings("BanJNDI") // the server is in this process
  void beans() throws Exception {
    machine.bringUp();
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    JMXConnectorServer remote =
        JMXConnectorServerFactory.newJMXConnectorServer(
            new JMXServiceURL("service:jmx:rmi://127.0.0.1"), null, server);
    remote.start();
    try (JMXConnector connector = JMXConnectorFactory.connect(remote.getAddress())) {
      MBeanServerConnection client = connector.getMBeanServerConnection();
      Await.until("all", () -> names(client), names -> names.size() == 8);
      assertEquals(
          Set.of(
              REGION,
              "holdfast:type=Region,id=\"private\"",
              "holdfast:type=Region,id=\"anonymous\"",
              "holdfast:type=Region,id=\"pc.ram\""),
          names(client, "Region"));
      ObjectName region = new ObjectName(REGION);
      long persists = (long) client.getAttribute(region, "Persists");
      machine.run("ram:persist shared");
      assertEquals(persists + 1, client.getAttribute(region, "Persists"));
      assertEquals((long) (16 << 20), client.getAttribute(region, "SizeBytes"));
      assertEquals("attached", client.getAttribute(region, "State"));
      ObjectName device = new ObjectName("holdfast:type=Device,id=\"nvdimm0\"");
      assertEquals("nvdimm", client.getAttribute(device, "Driver"));
      assertEquals(128L << 10, client.getAttribute(device, "LabelBytes"));

      machine.run("ram:device_del dimm1");
      Await.until("no dimm1", () -> names(client), names -> names.size() == 7);

      Bundle bundle = new AllocatorBundle(context, "holdfast.monitor.metrics").bundle();
      bundle.stop();
      assertEquals(Set.of(), names(client));
      bundle.start();
      assertEquals(7, names(client).size());
      machine.takeDown();
      Await.until("none", () -> names(client), Set::isEmpty);
    } finally {
      remote.stop();
    }
  }

  private static Set<String> names(MBeanServerConnection client, String type) {
    Set<String> names = new TreeSet<>();
    try {
      client
          .queryNames(new ObjectName("holdfast:type=" + type + ",*"), null)
          .forEach(name -> names.add("" + name));
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    return names;
  }

  private static Set<String> names(MBeanServerConnection client) {
    Set<String> names = names(client, "Region");
    names.addAll(names(client, "Device"));
    names.addAll(names(client, "Swap"));
    return names;
  }
}
