package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A machine without a terminal, reached by QMP: on a file of the build's disk. */
@Timeout(180)
class QmpIT {
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);

  @TempDir(factory = OnBuildDisk.class)
  Path scratch;

  private Path folder;
  private Path socket;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Files.createDirectory(scratch.resolve("cwd"));
    socket = folder.resolve("q");
  }

  private static List<String> machine(String... more) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "-machine",
                "pc,nvdimm=on",
                "-m",
                "16M,slots=4,maxmem=1G",
                "-object",
                "memory-backend-file,id=m0,mem-path=F,size=4M,share=on",
                "-device",
                "nvdimm,id=nv0,memdev=m0",
                "-qmp",
                "unix:q,server=on,wait=off"));
    all.addAll(List.of(more));
    return all;
  }

  @Test
  @DisplayName("a machine is changed, its memory moved while it serves, and it is ended")
  void session() throws IOException, InterruptedException {
    try (Holdfast machine = Holdfast.start(folder, machine())) {
      try (QmpClient client = QmpClient.at(socket, machine).awaitUp()) {
        assertEquals(
            "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        client.run(
            "object-add", Map.of("qom-type", "memory-backend-ram", "id", "m1", "size", 1 << 20));
        client.run("device_add", Map.of("driver", "pc-dimm", "id", "d1", "memdev", "m1"));
        List<?> devices = (List<?>) client.run("query-memory-devices", Map.of());
        assertEquals(2, devices.size());
        assertEquals(List.of(false, true), devices.stream().map(QmpIT::hotplugged).toList());

        client.run(
            "x-holdfast-swap",
            Map.of("id", "m0", "changes", Map.of("mem-path", folder.resolve("G").toString())));
        Map<?, ?> end = client.await("X_HOLDFAST_SWAP", data -> data.get("ended").equals(true));
        assertEquals("done", end.get("phase"), "" + end);
        assertEquals(
            folder.resolve("G").toString(),
            client.run("qom-get", Map.of("path", "/objects/m0", "property", "mem-path")));

        client.run("device_del", Map.of("id", "d1"));
        client.run("object-del", Map.of("id", "m1"));
        client.run("stop", Map.of());
        assertEquals(
            Map.of("status", "paused", "running", false), client.run("query-status", Map.of()));
        client.run("cont", Map.of());
        client.run("quit", Map.of());
        assertEquals("SHUTDOWN", client.events().getLast().get("event"));
      }
      assertEquals(0, machine.awaitEnd().status());
    }
    assertFalse(Files.exists(socket));
  }

  private static Object hotplugged(Object device) {
    return ((Map<?, ?>) ((Map<?, ?>) device).get("data")).get("hotplugged");
  }

  @Test
  @DisplayName("the socket of a killed process is replaced, that of a living one is not")
  void sockets() throws IOException, InterruptedException {
    try (Holdfast killed = Holdfast.start(folder, machine())) {
      QmpClient.at(socket, killed).awaitUp().close();
      Holdfast.Ended second =
          Holdfast.run(folder, "-m", "16M", "-qmp", "unix:q,server=on,wait=off");
      assertTrue(
          second.refusal().contains("another process listens there"), second.err()::toString);
      killed.kill();
    }
    assertTrue(Files.exists(socket));
    try (Holdfast next = Holdfast.start(folder, machine())) {
      QmpClient.at(socket, next).awaitUp().close();
      next.terminate();
      next.awaitEnd();
    }
    assertFalse(Files.exists(socket));
  }

  @Test
  @DisplayName("with wait=on nothing is opened before a client has come; SIGTERM ends the waiting")
  void waits() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(machine());
    command.set(command.size() - 1, "unix:q,server=on,wait=on");
    try (Holdfast ended = Holdfast.start(folder, command)) {
      awaitSocket(ended);
      ended.terminate();
      assertEquals(143, ended.awaitEnd().status());
    }
    assertFalse(Files.exists(socket));
    assertFalse(Files.exists(folder.resolve("F")));
    try (Holdfast machine = Holdfast.start(folder, command)) {
      awaitSocket(machine);
      assertFalse(Files.exists(folder.resolve("F")));
      try (QmpClient client = QmpClient.at(socket, machine).awaitUp()) {
        assertTrue(Files.exists(folder.resolve("F")));
        client.run("quit", Map.of());
      }
      assertEquals(0, machine.awaitEnd().status());
    }
  }

  private void awaitSocket(Holdfast machine) throws InterruptedException {
    long limit = System.nanoTime() + LIMIT_NANOS;
    while (!Files.exists(socket)) {
      assertTrue(System.nanoTime() < limit);
      machine.staysFor(20);
    }
  }

  @Test
  @DisplayName("standard input and output are a client")
  void stdio() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.addAll(
        List.of(
            "bash",
            "-c",
            "printf '%s\\n' '{\"execute\":\"qmp_capabilities\"}' '{\"execute\":\"quit\"}' | \"$@\"",
            "bash"));
    command.addAll(
        Holdfast.command(Holdfast.jar(), List.of(), List.of("-m", "16M", "-qmp", "stdio")));
    try (Holdfast machine = Holdfast.startCommand(command, folder)) {
      Holdfast.Ended ended = machine.awaitEnd();
      List<String> lines = ended.out().lines().toList();
      assertTrue(lines.getFirst().startsWith("{\"QMP\":"), ended::out);
      assertEquals("{\"return\":{}}", lines.getLast(), ended::out);
      assertEquals(0, ended.status(), ended.err()::toString);
    }
  }
}
