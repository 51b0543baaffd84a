package holdfast.start;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  /** A folder as a killed process leaves it, with one bundle. */
  private Path left(int number) throws IOException {
    Path left = folder(number);
    lock(left);
    Files.createFile(left.resolve("bundle.jar"));
    return left;
  }

  private Path folder(int number) throws IOException {
    Path folder = Files.createDirectory(place.resolve(PrivateFolder.name(number)));
    return Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
  }

  private static Path lock(Path folder) throws IOException {
    Path lock = Files.writeString(folder.resolve("lock"), PrivateFolder.MARK);
    return Files.setPosixFilePermissions(lock, PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  @DisplayName("a folder without a living process is swept away; it follows no link")
  void sweeps() throws IOException {
    Path kept = Files.createDirectory(place.resolve("kept"));
    lock(kept);
    Path link = Files.createSymbolicLink(place.resolve(PrivateFolder.name(1)), kept);
    Path left = left(2);
    Path empty = folder(3);

    PrivateFolder.sweep(place);

    assertTrue(Files.exists(link) && Files.exists(kept.resolve("lock")));
    assertFalse(Files.exists(left));
    assertFalse(Files.exists(empty));
  }

  @Test
  @DisplayName("what it makes is what is swept away when its process has gone, whatever its number")
  void knownAgain() throws IOException {
    assertEquals("holdfast.18446744073709551615", PrivateFolder.name(-1));
    assertEquals("holdfast.00000000000000000007", PrivateFolder.name(7));
    Path copy = folder(8);
    try (PrivateFolder living = PrivateFolder.make(place)) {
      assertTrue(living.path().getFileName().toString().matches("holdfast\\.[0-9]{20}"));
      // that of a process without a life: the same file under another name, not locked
      Files.copy(
          living.path().resolve("lock"), copy.resolve("lock"), StandardCopyOption.COPY_ATTRIBUTES);
    }

    PrivateFolder.sweep(place);

    assertFalse(Files.exists(copy));
  }

  @Test
  @DisplayName("what has another name or no lock is not ours, and stays; so does a living one")
  void spares() throws IOException {
    Path other = Files.move(left(4), place.resolve("holdfast.img"));
    Path counted = Files.move(left(4), place.resolve("holdfast.7"));
    Path unknown = folder(4);
    Files.createFile(unknown.resolve("file"));
    try (PrivateFolder living = PrivateFolder.make(place)) {
      PrivateFolder.sweep(place);

      assertTrue(Files.exists(living.path().resolve("lock")));
    }
    assertTrue(Files.exists(other.resolve("bundle.jar")));
    assertTrue(Files.exists(counted.resolve("bundle.jar")));
    assertTrue(Files.exists(unknown.resolve("file")));
  }

  @ParameterizedTest
  @ValueSource(ints = {0777, 0701, 0750, 01700, 02700, 0500})
  @DisplayName("a folder with other rights is not ours, whoever owns it, and stays with all in it")
  void sparesOtherRights(int rights) throws IOException {
    Path left = left(5);
    Files.setAttribute(left, "unix:mode", rights);

    PrivateFolder.sweep(place);

    Files.setAttribute(left, "unix:mode", 0700);
    assertTrue(Files.exists(left.resolve("bundle.jar")));
  }

  @Test
  @DisplayName("a lock that says something else, or has other rights, is not ours")
  void sparesOtherLocks() throws IOException {
    Path empty = left(6);
    Files.writeString(empty.resolve("lock"), "");
    Path other = left(7);
    Files.writeString(other.resolve("lock"), PrivateFolder.MARK.replace('h', 'H'));
    Path longer = left(8);
    Files.writeString(longer.resolve("lock"), PrivateFolder.MARK + "\n");
    Path open = left(9);
    Files.setAttribute(open.resolve("lock"), "unix:mode", 0644);

    PrivateFolder.sweep(place);

    for (Path each : List.of(empty, other, longer, open)) {
      assertTrue(Files.exists(each.resolve("bundle.jar")), each::toString);
    }
  }

  @Test
  @DisplayName("a lock that is no regular file is neither followed nor waited for")
  void sparesOtherKinds() throws Exception {
    Path fifo = left(10);
    Files.delete(fifo.resolve("lock"));
    assertEquals(
        0,
        new ProcessBuilder("mkfifo", "-m", "600", fifo.resolve("lock").toString())
            .start()
            .waitFor());
    Path link = left(11);
    Files.move(link.resolve("lock"), place.resolve("target"));
    Files.createSymbolicLink(link.resolve("lock"), place.resolve("target"));
    Path folder = left(12);
    Files.delete(folder.resolve("lock"));
    Files.createDirectory(folder.resolve("lock"));

    assertTimeoutPreemptively(Duration.ofSeconds(30), () -> PrivateFolder.sweep(place));

    for (Path each : List.of(fifo, link, folder)) {
      assertTrue(Files.exists(each.resolve("bundle.jar")), each::toString);
    }
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
