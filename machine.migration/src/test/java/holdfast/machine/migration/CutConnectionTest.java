package holdfast.machine.migration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.admin.MigrationAdmin.Decision;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.Ownership;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.core.Holdfast;
import holdfast.machine.core.MachineException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Wherever the connection is cut, the guest is at one side at most, and never lost: on the file
 * system of temporary files.
 */
@Timeout(300)
class CutConnectionTest {
  private static final Pattern PROOF = Pattern.compile("[0-9a-f]{64}");
  private static final String NO_PROOF = "0".repeat(64);

  @TempDir private Path folder;

  private Path folder(String name) throws IOException {
    return Files.createDirectories(folder.resolve(name));
  }

  @ParameterizedTest
  @CsvSource({
    // in the first bytes, the offer, memory
    "0, false, -1",
    "3, false, -1",
    "200, false, -1",
    "100000, false, -1",
    "20000000, false, -1",
    // after the destination has said that all is there: nothing of the proof, half of it, all of it
    "0, true, -1",
    "40, true, -1",
    "69, true, -1",
    // of the destination's answers: none, half an acceptance, all of it
    "-1, false, 0",
    "-1, false, 3",
    "-1, false, 5",
    // half of its word that all is there, all of it, half of the last word
    "-1, false, 10",
    "-1, false, 18",
    "-1, false, 20",
  })
  @DisplayName("where the connection is cut the guest is on one side at most, and can go on there")
  void cut(long fromSource, boolean afterReady, long fromDestination) throws Exception {
    Path in = folder.resolve("in");
    Path out = folder.resolve("out");
    try (Host source = Host.open(folder("here"));
        Host destination = Host.open(folder("there"), "-incoming", "unix:" + in)) {
      Cpu here = source.cpu("nv0");
      Cpu there = destination.cpu("nv0");
      try (Proxy _ = new Proxy(out, in, fromSource, afterReady, fromDestination)) {
        source.admin().migration().setParameters(Map.of("max-bandwidth", "0"));
        source.admin().migration().migrate("unix:" + out);
        source.awaitEnd();
        destination.awaitIdle();
      }
      Ownership s = source.admin().status().ownership();
      Ownership d = destination.admin().status().ownership();
      switch (s) {
        case OWNER -> {
          assertTrue(d == Ownership.AWAITED || d == Ownership.UNDECIDED, d::toString);
          assertTrue(destination.admin().status().stopped());
          Host.progress(here);
          if (d == Ownership.UNDECIDED) {
            assertThrows(
                RefusedException.class,
                () -> destination.admin().migration().decide(Decision.HERE, NO_PROOF));
            destination.admin().migration().decide(Decision.ELSEWHERE, "");
          }
          again(source, destination, in);
        }
        case MOVED -> {
          assertThrows(RefusedException.class, () -> source.admin().cont());
          if (d == Ownership.UNDECIDED) {
            assertEquals(MigrationState.UNDECIDED, source.status().state());
            Matcher proof = PROOF.matcher(source.status().error().orElseThrow());
            assertTrue(proof.find());
            destination.admin().migration().decide(Decision.HERE, proof.group());
          }
          assertEquals(Ownership.OWNER, destination.admin().status().ownership());
        }
        case AWAITED, LEAVING, UNDECIDED -> throw new AssertionError(s);
      }
      Host.progress(there);
      destination.admin().stop();
      assertEquals("", there.fault(destination.memory("nv0")));
      assertEquals(Ownership.MOVED, source.admin().status().ownership());
    }
    assertThrows(MachineException.class, () -> Holdfast.open(Host.options(folder("here"))));
    Holdfast.open(Host.options(folder("there"))).close();
  }

  @Test
  @DisplayName(
      "a guest that has left, and was given up at the destination, goes on at the source when somebody"
          + " says that the destination is lost")
  void destinationLost() throws Exception {
    Path in = folder.resolve("in");
    Path out = folder.resolve("out");
    try (Host source = Host.open(folder("here"));
        Host destination = Host.open(folder("there"), "-incoming", "unix:" + in)) {
      Cpu here = source.cpu("nv0");
      destination.cpu("nv0");
      try (Proxy _ = new Proxy(out, in, 0, true, -1)) {
        source.admin().migration().setParameters(Map.of("max-bandwidth", "0"));
        source.admin().migration().migrate("unix:" + out);
        assertEquals(
            MigrationState.UNDECIDED, source.awaitEnd().state(), source.status()::toString);
        destination.await(MigrationState.UNDECIDED);
      }
      destination.admin().migration().decide(Decision.ELSEWHERE, "");
      assertThrows(
          RefusedException.class, () -> source.admin().migration().decide(Decision.HERE, ""));
      source.admin().migration().decide(Decision.HERE, MigrationAdmin.DESTINATION_LOST);
      assertEquals(Ownership.OWNER, source.admin().status().ownership());
      Host.progress(here);
      again(source, destination, in);
    }
  }

  /** What failed works the next time, over the same files. */
  private static void again(Host source, Host destination, Path in) throws Exception {
    source.admin().migration().migrate("unix:" + in);
    assertEquals(MigrationState.COMPLETED, source.awaitEnd().state(), source.status()::toString);
    assertFalse(destination.admin().status().stopped());
  }
}
