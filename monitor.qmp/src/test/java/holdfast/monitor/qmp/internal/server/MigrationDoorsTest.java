package holdfast.monitor.qmp.internal.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationWords;
import holdfast.machine.config.QmpDefinition;
import holdfast.machine.core.OpenMachine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is done about migrations through one door asks the machine for the same as through the
 * others, and reads the same behind all of them.
 */
@Timeout(60)
class MigrationDoorsTest {
  private static final List<String> ORDER =
      List.of(
          "migrate",
          "tcp:b:1",
          "-peer",
          "qemu",
          "-peer-machine",
          "pc-i440fx-7.2",
          "-downtime-limit",
          "20",
          "-max-bandwidth",
          "1M",
          "-tls-dir",
          "/t",
          "-tls-hostname",
          "b");

  @TempDir Path folder;

  private final OpenMachine there = OpenMachine.of();
  private SocketDoor door;
  private TestClient client;

  @BeforeEach
  void open() throws IOException {
    Path socket = folder.resolve("qmp");
    door =
        SocketDoor.open(
            new QmpDefinition.Unix(socket),
            there.admin(),
            Optional.empty(),
            "0.1.0.SNAPSHOT",
            false);
    client = TestClient.negotiated(socket);
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    door.close();
    there.close();
  }

  private Map<?, ?> words(boolean json, List<String> words) throws IOException {
    return (Map<?, ?>) client.run("x-holdfast-command", "words", words, "json", json);
  }

  private Object json(String... words) throws IOException {
    return words(true, List.of(words)).get("value");
  }

  private String text(String... words) throws IOException {
    return "" + words(false, List.of(words)).get("text");
  }

  /** What the machine was asked for since, sorted within a change of parameters. */
  private List<String> askedSince(int before) {
    List<String> all = there.migration.asked();
    return all.subList(before, all.size());
  }

  @Test
  @DisplayName("the words of the shell, as text and as JSON, and QMP ask for the same migration")
  void migrate() throws IOException {
    words(false, ORDER);
    List<String> asked = askedSince(0);
    assertEquals("migrate tcp:b:1", asked.getLast());
    Object parameters = client.run("query-migrate-parameters");

    client.run("migrate-set-parameters", "downtime-limit", 1, "x-holdfast-peer", "holdfast");
    words(true, ORDER);
    assertEquals(parameters, client.run("query-migrate-parameters"));
    assertEquals("migrate tcp:b:1", askedSince(asked.size()).getLast());

    assertEquals(
        Map.of(
            "downtime-limit",
            20,
            "max-bandwidth",
            1 << 20,
            "x-holdfast-peer",
            "qemu",
            "x-holdfast-peer-machine",
            "pc-i440fx-7.2",
            "x-holdfast-tls-dir",
            "/t",
            "tls-hostname",
            "b"),
        parameters);
    assertEquals(parameters, json("migration_parameters"));
  }

  @Test
  @DisplayName(
      "who starts one by words is given how it began, to wait for its end; not in background")
  void awaited() throws IOException {
    Map<?, ?> told = (Map<?, ?>) words(false, ORDER).get("migration");
    assertEquals("setup", told.get("status"));
    assertEquals(false, told.get("x-holdfast-ended"));
    assertEquals(told, words(true, ORDER).get("migration"));
    Map<?, ?> background = words(false, List.of("migrate", "tcp:b:1", "-background"));
    assertFalse(background.containsKey("migration"));
    assertTrue(("" + background.get("text")).contains("ram:migrate -cancel ends it"));
    Map<?, ?> value = words(true, List.of("migrate", "tcp:b:1", "-background"));
    assertFalse(value.containsKey("migration"));
    assertEquals("setup", ((Map<?, ?>) value.get("value")).get("status"));
  }

  @Test
  @DisplayName("its state, parameters, end and decision read the same through each door")
  void reads() throws IOException {
    assertEquals(
        "no migration was started\n  machine       the machine is up\n", text("migration"));
    assertEquals(Map.of(), json("migration"));
    client.run("migrate", "uri", "tcp:b:1");
    for (MigrationState state :
        List.of(MigrationState.ACTIVE, MigrationState.DEVICE, MigrationState.UNDECIDED)) {
      there.migration.become(state, 2);
      String line = MigrationWords.line(there.migration.status());
      assertTrue(text("migration").startsWith(line + "\n"), text("migration"));
      Map<?, ?> asked = (Map<?, ?>) client.run("query-migrate");
      assertEquals(asked, json("migration"));
      assertEquals(line, asked.get("x-holdfast-text"));
    }
    text("migrate_decide", "here", "p");
    there.migration.become(MigrationState.UNDECIDED, 2);
    json("migrate_decide", "here", "p");
    there.migration.become(MigrationState.UNDECIDED, 2);
    client.run("x-holdfast-migrate-decide", "decision", "here", "proof", "p");
    assertEquals(List.of("decide HERE p", "decide HERE p", "decide HERE p"), askedSince(1));

    text("migration_parameters", "downtime-limit=7", "max-bandwidth=2K");
    assertEquals(Map.of(), json("migration_parameters", "downtime-limit=7", "max-bandwidth=2K"));
    client.run("migrate-set-parameters", "downtime-limit", 7, "max-bandwidth", 2048);
    assertEquals(1, askedSince(4).stream().distinct().count(), () -> "" + askedSince(4));

    text("migrate_incoming", "tcp:c:1");
    json("migrate_incoming", "tcp:c:1");
    client.run("migrate-incoming", "uri", "tcp:c:1");
    assertEquals(List.of("listen tcp:c:1", "listen tcp:c:1", "listen tcp:c:1"), askedSince(7));

    assertEquals("migration from tcp:c:1: cancelled after 1.5 s", text("migrate", "-cancel"));
    assertEquals(Map.of(), json("migrate", "-cancel"));
    assertEquals(List.of("cancel", "cancel"), askedSince(10));
  }
}
