package holdfast.start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder of this process alone, and what is swept away. */
class PrivateFolderTest {
  @TempDir Path place;

  @Test
  @DisplayName("it is for its owner alone, and gone with all that is in it when it is closed")
  void madeAndClosed() throws IOException {
    Path target = Files.createFile(place.resolve("target"));
    Path path;
    try (PrivateFolder folder = PrivateFolder.make(place)) {
      path = folder.path();
      assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
      folder.write("a.jar", new ByteArrayInputStream(new byte[10]));
      Files.createDirectories(path.resolve("deep/er"));
      Files.createFile(path.resolve("deep/er/file"));
      Files.createSymbolicLink(path.resolve("deep/link"), target);
      Files.createSymbolicLink(path.resolve("up"), place);
    }
    assertFalse(Files.exists(path));
    assertTrue(Files.exists(target));
  }

  @Test
  @DisplayName("a folder without a living process is swept away; it follows no link")
  void sweeps() throws IOException {
    Path kept = Files.createDirectory(place.resolve("kept"));
    Files.createFile(kept.resolve("lock"));
    Path link = Files.createSymbolicLink(place.resolve("holdfast.1"), kept);
    Path left = Files.createDirectory(place.resolve("holdfast.2"));
    Files.createFile(left.resolve("lock"));
    Files.createFile(left.resolve("bundle.jar"));
    Path empty = Files.createDirectory(place.resolve("holdfast.3"));

    PrivateFolder.sweep(place);

    assertTrue(Files.exists(link) && Files.exists(kept.resolve("lock")));
    assertFalse(Files.exists(left));
    assertFalse(Files.exists(empty));
  }

  @Test
  @DisplayName("what has another name or no lock is not ours, and stays; so does a living one")
  void spares() throws IOException {
    Path other = Files.createDirectory(place.resolve("holdfast.img"));
    Files.createFile(other.resolve("lock"));
    Path unknown = Files.createDirectory(place.resolve("holdfast.4"));
    Files.createFile(unknown.resolve("file"));
    try (PrivateFolder living = PrivateFolder.make(place)) {
      PrivateFolder.sweep(place);

      assertTrue(Files.exists(living.path().resolve("lock")));
    }
    assertTrue(Files.exists(other.resolve("lock")));
    assertTrue(Files.exists(unknown.resolve("file")));
  }

  @Test
  @DisplayName("a place that others may write, without a sticky bit, is refused")
  void placeOfOthers() throws IOException {
    Path open = Files.createDirectory(place.resolve("open"));
    Path inner = Files.createDirectory(open.resolve("inner"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));

    IOException itself = assertThrows(IOException.class, () -> PrivateFolder.make(open));
    IOException above = assertThrows(IOException.class, () -> PrivateFolder.make(inner));

    assertTrue(itself.getMessage().startsWith("it may be written by others"), "" + itself);
    assertTrue(above.getMessage().startsWith(open + " may be written"), "" + above);
    Files.setAttribute(open, "unix:mode", 01777);
    PrivateFolder.make(inner).close();
  }
}
