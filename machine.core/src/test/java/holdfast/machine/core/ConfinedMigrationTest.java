package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.InvalidRequestException;
import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.admin.RefusedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which files commands about migrations may name. */
class ConfinedMigrationTest {
  @TempDir Path folder;

  private static void assertRefused(String address, MigrationAdmin migration) {
    for (Throwable refusal :
        List.of(
            assertThrows(RefusedException.class, () -> migration.migrate(address)),
            assertThrows(RefusedException.class, () -> migration.listen(address)))) {
      assertTrue(
          ("" + refusal.getMessage())
              .startsWith(address + " is not in a folder that x-monitor-folders allows"),
          refusal.getMessage());
    }
  }

  @Test
  @DisplayName("sockets, snapshots and the folder for TLS are in x-monitor-folders, if it is there")
  void confined() throws Exception {
    Path images = Files.createDirectory(folder.resolve("images"));
    try (OpenMachine there = OpenMachine.of("-machine", "x-monitor-folders=" + images)) {
      MigrationAdmin migration = there.admin().migration();
      assertRefused("unix:" + folder.resolve("s"), migration);
      assertRefused("file:" + images + "/../s", migration);
      assertThrows(
          InvalidRequestException.class,
          () -> migration.setParameters(Map.of("x-holdfast-tls-dir", folder.toString())));
      assertEquals(List.of(), there.migration.asked());

      migration.setParameters(Map.of("x-holdfast-tls-dir", images.toString()));
      migration.migrate("unix:" + images.resolve("s"));
      migration.migrate("file:" + images.resolve("s"));
      migration.migrate("tcp:b:1");
      assertEquals(
          List.of(
              "set {x-holdfast-tls-dir=" + images + "}",
              "migrate unix:" + images.resolve("s"),
              "migrate file:" + images.resolve("s"),
              "migrate tcp:b:1"),
          there.migration.asked());
    }
  }

  @Test
  @DisplayName("anywhere, if there is no such list")
  void anywhere() throws Exception {
    try (OpenMachine there = OpenMachine.of()) {
      there.admin().migration().migrate("file:/s");
      assertEquals(List.of("migrate file:/s"), there.migration.asked());
    }
  }
}
