package holdfast.machine.migration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.MigrationAdmin.Decision;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.Ownership;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.migration.internal.stream.NeedsQemu;
import holdfast.machine.migration.internal.stream.Qemu;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Memory moves to a real QEMU and from one, on the file system of temporary files. */
@NeedsQemu
@Timeout(300)
class QemuPeerTest {
  private static final List<String> IDS = List.of("nv0", "nv1");

  @TempDir private Path folder;

  private Path folder(String name) throws IOException {
    return Files.createDirectories(folder.resolve(name));
  }

  /** Starts a QEMU with the same options. */
  private Qemu qemu(Path of, String... more) throws Exception {
    List<String> options = new ArrayList<>(List.of(Host.options(of, more)));
    return new Qemu(folder, options);
  }

  private static Map<String, String> toQemu(Qemu qemu) throws Exception {
    return Map.of(
        "max-bandwidth",
        "0",
        "x-holdfast-peer",
        "qemu",
        "x-holdfast-peer-machine",
        qemu.machine("pc"));
  }

  @Test
  @DisplayName(
      "a QEMU takes our guest's memory while the guest stores, byte for byte; where the guest is"
          + " then is somebody's to say, since a QEMU answers nothing")
  void toQemu() throws Exception {
    String socket = "unix:" + folder.resolve("in");
    try (Host source = Host.open(folder("here"));
        Qemu qemu = qemu(folder("there"), "-incoming", socket)) {
      Cpu cpu = source.cpu("nv0");
      source.cpu("nv1");
      Host.progress(cpu);
      source.admin().migration().setParameters(toQemu(qemu));
      source.admin().migration().migrate(socket);
      assertEquals("completed", qemu.migrated());
      MigrationStatus status = source.awaitEnd();
      assertEquals(MigrationState.UNDECIDED, status.state(), status::toString);
      assertTrue(status.error().orElseThrow().contains("ram:migrate_decide"), status::toString);
      assertThrows(RefusedException.class, () -> source.admin().cont());
      for (String id : IDS) {
        String image = id + ".img";
        assertEquals(
            -1,
            Files.mismatch(folder("here").resolve(image), folder("there").resolve(image)),
            image);
      }
      source.admin().migration().decide(Decision.ELSEWHERE, "");
      assertEquals(MigrationState.COMPLETED, source.status().state());
      assertEquals(Ownership.MOVED, source.admin().status().ownership());
      assertThrows(
          RefusedException.class, () -> source.admin().migration().decide(Decision.HERE, ""));
    }
  }

  @Test
  @DisplayName("if a QEMU has not got it, the guest goes on here when somebody says so")
  void back() throws Exception {
    String socket = "unix:" + folder.resolve("in");
    try (Host source = Host.open(folder("here"));
        Qemu qemu = qemu(folder("there"), "-incoming", socket)) {
      Cpu cpu = source.cpu("nv0");
      source.admin().migration().setParameters(toQemu(qemu));
      source.admin().migration().migrate(socket);
      source.await(MigrationState.UNDECIDED);
      // a crash now: nobody shall start from what the QEMU may have
      assertTrue(
          Migrations.imageCheck(false).refusal(folder("here").resolve("nv0.img")).isPresent());
      source.admin().migration().decide(Decision.HERE, "");
      assertEquals(Ownership.OWNER, source.admin().status().ownership());
      Host.progress(cpu);
    }
    Host.open(folder("here")).close(); // no note keeps it from that
  }

  @Test
  @DisplayName(
      "we take a QEMU's memory, byte for byte; the guest is stopped here until it is resumed")
  void fromQemu() throws Exception {
    Path theirs = folder("there");
    for (String id : IDS) {
      byte[] content = new byte[(int) Host.SIZE];
      new Random(id.hashCode()).nextBytes(content);
      Files.write(theirs.resolve(id + ".img"), content);
    }
    String socket = "unix:" + folder.resolve("out");
    try (Host destination = Host.open(folder("here"), "-incoming", socket);
        Qemu qemu = qemu(theirs)) {
      qemu.execute("migrate", Map.of("uri", socket));
      MigrationStatus status = destination.awaitEnd();
      assertEquals(MigrationState.UNDECIDED, status.state(), status::toString);
      assertEquals("completed", qemu.migrated());
      assertThrows(RefusedException.class, () -> destination.admin().cont());
      destination.admin().migration().decide(Decision.HERE, "");
      assertEquals(MigrationState.COMPLETED, destination.status().state());
      for (String id : IDS) {
        String image = id + ".img";
        assertEquals(-1, Files.mismatch(folder("here").resolve(image), theirs.resolve(image)));
      }
      assertTrue(destination.admin().status().stopped());
      destination.admin().cont();
    }
    Host.open(folder("here")).close();
  }
}
