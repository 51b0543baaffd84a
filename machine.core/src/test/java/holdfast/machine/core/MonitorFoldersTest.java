package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.machine.admin.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where an operator's service may name files, whatever the name goes through. */
class MonitorFoldersTest {
  @TempDir Path folder;

  private Path images = Path.of("/");
  private Path other = images;
  private MonitorFolders folders = MonitorFolders.of(Optional.empty());

  @BeforeEach
  void make() throws IOException {
    images = Files.createDirectory(folder.resolve("images"));
    other = Files.createDirectory(folder.resolve("other"));
    folders = MonitorFolders.of(Optional.of(images + ":" + folder.resolve("not-there")));
  }

  private void assertAllowed(Path file) {
    assertDoesNotThrow(() -> folders.require(Map.of("mem-path", file.toString())));
  }

  private void assertRefused(Path file) {
    RefusedException e =
        assertThrows(
            RefusedException.class, () -> folders.require(Map.of("mem-path", file.toString())));
    assertEquals(
        "mem-path="
            + file
            + " is not in a folder that x-monitor-folders allows, which are "
            + images
            + ", "
            + folder.resolve("not-there")
            + "; choose a file there, or start the machine with another list",
        e.getMessage());
  }

  @Test
  @DisplayName("what is beneath an allowed folder, be it there or not, and nothing else")
  void beneath() {
    assertAllowed(images.resolve("a"));
    assertAllowed(images.resolve("none/b"));
    assertAllowed(images.resolve("none/../a"));
    assertAllowed(images);
    assertAllowed(folder.resolve("not-there/a"));
    assertRefused(folder.resolve("images-of-mine"));
    assertRefused(images.resolve("../a"));
    assertRefused(images.resolve("none/../../a"));
    assertRefused(other.resolve("a"));
    assertRefused(Path.of("/"));
    assertRefused(Path.of("a"));
  }

  @Test
  @DisplayName("a link counts as the place that it leads to, and leads nowhere for no good")
  void links() throws IOException {
    Files.createSymbolicLink(images.resolve("out"), other);
    assertRefused(images.resolve("out/a"));
    assertRefused(images.resolve("out"));
    Files.createSymbolicLink(images.resolve("dangling"), other.resolve("none"));
    assertRefused(images.resolve("dangling"));
    Files.createSymbolicLink(other.resolve("in"), images);
    assertAllowed(other.resolve("in/a"));
    Files.createSymbolicLink(folder.resolve("not-there"), other.resolve("none"));
    assertRefused(other.resolve("none"));
    assertRefused(folder.resolve("not-there/a"));
  }

  @Test
  @DisplayName("each property that names a file, and without a list every file")
  void properties() {
    String file = other.resolve("a").toString();
    assertThrows(RefusedException.class, () -> folders.require(Map.of("x-standby", file)));
    assertDoesNotThrow(() -> folders.require(Map.of("x-standby", "", "share", "on")));
    for (String none : List.of("", ":", "::")) {
      assertThrows(
          RefusedException.class,
          () -> MonitorFolders.of(Optional.of(none)).require(Map.of("mem-path", file)));
    }
    MonitorFolders all = MonitorFolders.of(Optional.empty());
    assertDoesNotThrow(() -> all.require(Map.of("mem-path", file)));
  }
}
