package holdfast.monitor.qmp.internal.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.config.QmpDefinition;
import holdfast.machine.core.OpenMachine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** QMP as a client sees it, by its socket; the machine's blocks have no memory. */
@Timeout(120)
class QmpTest {
  @TempDir Path folder;

  private final OpenMachine there = OpenMachine.of();
  private final CompletableFuture<Boolean> ended = new CompletableFuture<>();
  private Path socket;
  private SocketDoor door;

  @BeforeEach
  void open() {
    socket = folder.resolve("qmp");
    door =
        SocketDoor.open(
            new QmpDefinition.Unix(socket),
            there.admin(),
            Optional.of(() -> ended.complete(true)),
            "0.1.0.SNAPSHOT",
            false);
    assertEquals(Optional.empty(), door.failure());
  }

  @AfterEach
  void close() {
    door.close();
    there.close();
    assertFalse(Files.exists(socket));
  }

  @Test
  @DisplayName("a client negotiates first, and is told nothing else until then")
  void negotiates() throws IOException {
    try (TestClient client = new TestClient(socket)) {
      Map<?, ?> greeting = (Map<?, ?>) client.read().get("QMP");
      assertEquals(List.of(), greeting.get("capabilities"));
      assertEquals(
          Map.of(
              "qemu",
              Map.of("major", 0, "minor", 1, "micro", 0),
              "package",
              "Holdfast 0.1.0.SNAPSHOT"),
          greeting.get("version"));
      client.assertFails(
          "CommandNotFound",
          "Expecting capabilities negotiation with 'qmp_capabilities'",
          "query-status");
      client.assertFails(
          "GenericError",
          "Capability oob is not available",
          "qmp_capabilities",
          "enable",
          List.of("oob"));
      client.run("qmp_capabilities", "enable", List.of());
      assertEquals(Map.of("status", "running", "running", true), client.run("query-status"));
      client.assertFails("CommandNotFound", "negotiation is already complete", "qmp_capabilities");
    }
  }

  @Test
  @DisplayName("an id of any kind comes back, and malformed input is answered without one")
  void ids() throws IOException {
    try (TestClient client = TestClient.negotiated(socket)) {
      assertEquals(
          Map.of("return", Map.of("a", 1), "id", Map.of("x", List.of(1, "\u20ac"))).get("id"),
          client.send("{'execute':'query-status','id':{'x':[1,'\u20ac']}}").get("id"));
      assertTrue(client.send("{'execute':'query-status','id':null}").containsKey("id"));
      Map<String, Object> failed = client.send("{'execute':'nonsense','id':7}");
      assertEquals(7, failed.get("id"));
      TestClient.assertFailed("CommandNotFound", "The command nonsense has not been found", failed);
      for (String text :
          List.of(
              "{'execute':'query-status'", "nonsense", "{'execute':}", "{\"a\":\"\u00e9\"\"}")) {
        Map<String, Object> answer = client.send(text + (text.endsWith("'") ? "]" : ""));
        TestClient.assertFailed("GenericError", "JSON parse error, ", answer);
        assertFalse(answer.containsKey("id"));
      }
      TestClient.assertFailed(
          "GenericError", "QMP input must be a JSON object", client.send("[1,2]"));
      TestClient.assertFailed(
          "GenericError",
          "QMP input member 'bogus' is unexpected",
          client.send("{'execute':'query-status','bogus':1}"));
      TestClient.assertFailed(
          "GenericError", "QMP input lacks member 'execute'", client.send("{'id':1}"));
    }
  }

  @Test
  @DisplayName(
      "objects and devices come and go in QEMU's words, and each change is told before its answer")
  void objectsAndDevices() throws IOException {
    try (TestClient client = TestClient.negotiated(socket);
        TestClient other = TestClient.negotiated(socket)) {
      client.run("object-add", "qom-type", "memory-backend-ram", "id", "m1", "size", 64 << 20);
      assertEquals(List.of("X_HOLDFAST_OBJECT_ADDED"), client.eventNames());
      client.run("device_add", "driver", "pc-dimm", "id", "d1", "memdev", "m1", "slot", 2);
      assertEquals(List.of("X_HOLDFAST_DEVICE_ADDED"), client.eventNames());

      Map<?, ?> memdev = (Map<?, ?>) ((List<?>) client.run("query-memdev")).getLast();
      assertEquals("m1", memdev.get("id"));
      assertEquals(64 << 20, memdev.get("size"));
      assertEquals(false, memdev.get("prealloc"));
      assertEquals("default", memdev.get("policy"));
      assertEquals(List.of(), memdev.get("host-nodes"));
      Map<?, ?> device = (Map<?, ?>) ((List<?>) client.run("query-memory-devices")).getFirst();
      assertEquals("dimm", device.get("type"));
      assertEquals("/objects/m1", ((Map<?, ?>) device.get("data")).get("memdev"));
      assertEquals(2, ((Map<?, ?>) device.get("data")).get("slot"));
      assertEquals(true, ((Map<?, ?>) device.get("data")).get("hotplugged"));
      assertEquals(
          64 << 20, ((Map<?, ?>) client.run("query-memory-size-summary")).get("plugged-memory"));
      assertEquals(64 << 20, client.run("qom-get", "path", "/objects/m1", "property", "size"));
      assertEquals(
          "/objects/m1",
          client.run("qom-get", "path", "/machine/peripheral/d1", "property", "memdev"));

      client.assertFails("GenericError", "is in use by d1", "object-del", "id", "m1");
      client.run("device_del", "id", "/machine/peripheral/d1");
      assertEquals(List.of("DEVICE_DELETED"), client.eventNames());
      assertEquals(
          Map.of("device", "d1", "path", "/machine/peripheral/d1"),
          client.events.getFirst().get("data"));
      client.run("object-del", "id", "m1");
      assertEquals(List.of("X_HOLDFAST_OBJECT_DELETED"), client.eventNames());

      other.run("query-status");
      assertEquals(4, other.events.size(), "another client was told of all of it");
    }
  }

  @Test
  @DisplayName("blanks around a value are part of it")
  void exactValues() throws IOException {
    try (TestClient client = TestClient.negotiated(socket)) {
      client.run(
          "object-add",
          "qom-type",
          "memory-backend-file",
          "id",
          "m",
          "size",
          1 << 20,
          "mem-path",
          folder + "/'a' ");
      assertEquals(
          folder + "/'a' ", client.run("qom-get", "path", "/objects/m", "property", "mem-path"));
    }
  }

  @Test
  @DisplayName("mistakes are answered in QEMU's classes, and name what is wrong")
  void mistakes() throws IOException {
    try (TestClient client = TestClient.negotiated(socket)) {
      client.assertFails(
          "GenericError", "Parameter 'qom-type' is missing", "object-add", "id", "m");
      client.assertFails("GenericError", "Parameter 'id' is missing", "object-del");
      client.assertFails(
          "GenericError", "Parameter 'zap' is unexpected", "object-del", "id", "m", "zap", 1);
      client.assertFails(
          "GenericError",
          "Invalid parameter type for 'id', expected: string",
          "object-del",
          "id",
          5);
      client.assertFails(
          "GenericError",
          "size",
          "object-add",
          "qom-type",
          "memory-backend-ram",
          "id",
          "m",
          "size",
          "64M");
      client.assertFails("DeviceNotFound", "nosuch", "device_del", "id", "nosuch");
      client.assertFails("DeviceNotFound", "zz", "device_add", "driver", "pc-dimm", "memdev", "zz");
      client.assertFails("DeviceNotFound", "nosuch", "qom-get", "path", "nosuch", "property", "a");
      client.assertFails(
          "GenericError",
          "Property 'memory-backend-ram.nope' not found",
          "qom-get",
          "path",
          "pc.ram",
          "property",
          "nope");
      client.assertFails("GenericError", "nosuch", "device_add", "driver", "nosuch");
    }
  }

  @Test
  @DisplayName("the schema describes every command and event, and each type that it names")
  void schema() throws IOException {
    try (TestClient client = TestClient.negotiated(socket)) {
      List<?> entries = (List<?>) client.run("query-qmp-schema");
      Set<Object> names = new HashSet<>();
      Set<Object> commands = new HashSet<>();
      List<Object> used = new ArrayList<>();
      for (Object one : entries) {
        Map<?, ?> entry = (Map<?, ?>) one;
        switch ((String) entry.get("meta-type")) {
          case "command" -> {
            commands.add(entry.get("name"));
            used.add(entry.get("arg-type"));
            used.add(entry.get("ret-type"));
          }
          case "event" -> used.add(entry.get("arg-type"));
          case "array" -> used.add(entry.get("element-type"));
          case "object" -> {
            ((List<?>) entry.get("members"))
                .forEach(member -> used.add(((Map<?, ?>) member).get("type")));
            if (entry.get("variants") instanceof List<?> variants) {
              assertEquals("qom-type", entry.get("tag"));
              assertEquals(3, variants.size(), "one for each type of memory backend");
              variants.forEach(variant -> used.add(((Map<?, ?>) variant).get("type")));
            }
          }
          default -> {}
        }
        if (!entry.get("meta-type").equals("command") && !entry.get("meta-type").equals("event")) {
          assertTrue(names.add(entry.get("name")), "twice: " + entry);
        }
      }
      assertTrue(names.containsAll(used), used + " in " + names);
      for (Object command : (List<?>) client.run("query-commands")) {
        assertTrue(commands.contains(((Map<?, ?>) command).get("name")), "" + command);
      }
    }
  }

  @Test
  @DisplayName("no event comes before the answer to the negotiation, however much happens")
  void noEventBeforeTheNegotiation() throws Exception {
    AtomicBoolean enough = new AtomicBoolean();
    try (TestClient busy = TestClient.negotiated(socket)) {
      CompletableFuture<Void> changes =
          CompletableFuture.runAsync(
              () -> {
                try {
                  while (!enough.get()) {
                    busy.run(
                        "object-add", "qom-type", "memory-backend-ram", "id", "m", "size", 1 << 20);
                    busy.run("object-del", "id", "m");
                  }
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      for (int round = 0; round < 50; round++) {
        try (TestClient client = new TestClient(socket)) {
          assertTrue(client.read().containsKey("QMP"));
          client.write("{'execute':'qmp_capabilities'}\n".getBytes(UTF_8));
          assertEquals(Map.of("return", Map.of()), client.read());
          assertTrue(client.read().containsKey("event"), "from then on");
        }
      }
      enough.set(true);
      changes.get();
    }
  }

  @Test
  @DisplayName("who quits has the answer behind the event; others hear it once, and are served on")
  void quitOfOne() throws Exception {
    try (TestClient client = TestClient.negotiated(socket);
        TestClient other = TestClient.negotiated(socket)) {
      client.run("quit");
      assertEquals(List.of("SHUTDOWN"), client.eventNames());
      assertTrue(ended.get(30, TimeUnit.SECONDS));
      other.run("query-status");
      assertEquals(List.of("SHUTDOWN"), other.eventNames());
      other.run("quit");
      assertEquals(List.of(), other.eventNames());
    }
  }

  @Test
  @DisplayName("hostile bytes are answered or dropped, and nobody else is kept waiting")
  void hostile() throws IOException {
    Random random = new Random(11);
    try (TestClient good = TestClient.negotiated(socket)) {
      for (int round = 0; round < 30; round++) {
        try (TestClient enemy = new TestClient(socket)) {
          byte[] noise = new byte[random.nextInt(1 << 16)];
          random.nextBytes(noise);
          enemy.write(noise);
          assertEquals(Map.of("status", "running", "running", true), good.run("query-status"));
        }
      }
      try (TestClient enemy = TestClient.negotiated(socket)) {
        enemy.write("[".repeat(5_000_000).getBytes(UTF_8));
        TestClient.assertFailed("GenericError", "nested more than 32 deep", enemy.read());
        enemy.write(("\n{'execute':'" + "x".repeat(2 << 20) + "'}\n").getBytes(UTF_8));
        TestClient.assertFailed("GenericError", "more than 1048576 bytes", enemy.read());
        enemy.write(new byte[] {'"', (byte) 0xC3, '"', '\n'});
        TestClient.assertFailed("GenericError", "invalid UTF-8 sequence", enemy.read());
        assertEquals(Map.of("status", "running", "running", true), enemy.run("query-status"));
      }
    }
  }

  @Test
  @DisplayName(
      "a client that never reads stops itself alone: others are served, then it is dropped")
  void neverReads() throws Exception {
    try (TestClient good = TestClient.negotiated(socket);
        TestClient enemy = TestClient.negotiated(socket)) {
      CompletableFuture<Boolean> dropped =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  while (true) {
                    enemy.write("{'execute':'query-qmp-schema'}\n".getBytes(UTF_8));
                  }
                } catch (IOException gone) {
                  return true;
                }
              });
      for (int round = 0; round < 20_000 && !dropped.isDone(); round++) {
        good.run("object-add", "qom-type", "memory-backend-ram", "id", "m", "size", 1 << 20);
        good.run("object-del", "id", "m");
      }
      assertTrue(dropped.get(30, TimeUnit.SECONDS), "by the monitor: the enemy closes nothing");
      good.run("query-status");
    }
  }

  @Test
  @DisplayName("100 clients are served at once, and half-open ones do no harm")
  void manyClients() throws IOException {
    List<TestClient> clients = new ArrayList<>();
    try {
      for (int number = 0; number < 50; number++) {
        clients.add(new TestClient(socket)); // says nothing at all
        clients.add(TestClient.negotiated(socket));
      }
      clients
          .getLast()
          .run("object-add", "qom-type", "memory-backend-ram", "id", "m", "size", 1 << 20);
      for (int number = 1; number < 100; number += 2) {
        clients.get(number).run("query-status");
      }
    } finally {
      for (TestClient client : clients) {
        client.close();
      }
    }
  }

  @Test
  @DisplayName("quit: the event, then the answer, then the end")
  void quits() throws Exception {
    try (TestClient client = TestClient.negotiated(socket)) {
      client.run("quit");
      assertEquals(List.of("SHUTDOWN"), client.eventNames());
      assertTrue(ended.get(10, TimeUnit.SECONDS));
      door.close();
      assertThrows(IOException.class, client::read);
    }
  }

  @Test
  @DisplayName("the end of the process by a signal is told, and that of the monitor alone is not")
  void ends() throws IOException {
    try (TestClient client = TestClient.negotiated(socket)) {
      door.processEnds();
      Map<String, Object> event = client.read();
      assertEquals("SHUTDOWN", event.get("event"));
      assertEquals(Map.of("guest", false, "reason", "host-signal"), event.get("data"));
      door.close();
      assertThrows(IOException.class, client::read);
    }
  }

  @Test
  @DisplayName("a web page's request to a port runs nothing of what it has in it")
  void webPage() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    SocketDoor tcp =
        SocketDoor.open(
            new QmpDefinition.Tcp("127.0.0.1", port),
            there.admin(),
            Optional.of(() -> ended.complete(true)),
            "0.1.0",
            false);
    try (Socket browser = new Socket("127.0.0.1", port)) {
      browser.setSoTimeout(30_000);
      browser
          .getOutputStream()
          .write(
              ("POST / HTTP/1.1\r\n\r\n"
                      + "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"quit\"}\n")
                  .getBytes(UTF_8));
      String all = new String(browser.getInputStream().readAllBytes(), UTF_8);
      assertEquals(2, all.lines().count(), "the greeting and one refusal: " + all);
      assertFalse(ended.isDone());
    } finally {
      tcp.close();
    }
  }

  @Test
  @DisplayName("human-monitor-command prints what scripts look for")
  void humanMonitor() throws IOException {
    try (TestClient client = TestClient.negotiated(socket)) {
      client.run("object-add", "qom-type", "memory-backend-ram", "id", "m1", "size", 1 << 20);
      client.run("device_add", "driver", "pc-dimm", "id", "d1", "memdev", "m1");
      String memdev = (String) client.run("human-monitor-command", "command-line", "info memdev");
      assertTrue(memdev.contains("memory backend: m1\r\n  size: 1048576\r\n"), memdev);
      String devices =
          (String) client.run("human-monitor-command", "command-line", "info  memory-devices");
      assertTrue(devices.contains("Memory device [dimm]: \"d1\"\r\n  addr: 0x"), devices);
      assertTrue(devices.contains("  memdev: /objects/m1\r\n"), devices);
      assertEquals(
          "VM status: running\r\n",
          client.run("human-monitor-command", "command-line", "info status"));
    }
  }

  @Test
  @DisplayName(
      "a monitor that takes over lets clients in when the one before it has left the place")
  void takesOver() throws Exception {
    try (SocketDoor next =
        SocketDoor.open(
            new QmpDefinition.Unix(socket), there.admin(), Optional.empty(), "7.7.7", true)) {
      assertEquals(Optional.empty(), next.failure());
      try (TestClient client = TestClient.negotiated(socket)) {
        assertFalse(String.valueOf(client.run("query-version")).contains("7.7.7"));
      }
      door.close();
      awaitSocket();
      try (TestClient client = TestClient.negotiated(socket)) {
        assertTrue(String.valueOf(client.run("query-version")).contains("7.7.7"));
      }
    }
    assertFalse(Files.exists(socket));
  }

  private void awaitSocket() throws InterruptedException {
    long end = System.nanoTime() + 30_000_000_000L;
    while (!Files.exists(socket)) {
      assertTrue(System.nanoTime() < end, "no socket in time");
      Thread.sleep(5);
    }
  }
}
