package holdfast.host.linux.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.host.linux.Errno;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Small files, looked at, held and replaced with care; on tmpfs. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PendingFileTest {
  private final FaultyLibc libc = FaultyLibc.host();
  private Path folder = Path.of("/");
  private Path target = folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Storage.tmpfs().newFolder();
    target = folder.resolve("x");
  }

  @AfterEach
  void removeFolder() throws IOException {
    Storage.remove(folder);
    assertEquals(Set.of(), libc.descriptors(), "descriptors are left open");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void replace(String text) throws IOException {
    try (PendingFile file = PendingFile.beside(libc, target, ".new")) {
      file.write(bytes(text));
      file.replaceTarget();
    }
  }

  private Set<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return new TreeSet<>(files.map(file -> file.getFileName().toString()).toList());
    }
  }

  @Test
  @DisplayName("a file is replaced as a whole, by one that only its owner can read")
  void replaced() throws IOException {
    Files.writeString(target, "a longer text than what comes");
    Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rw-rw-rw-"));
    replace("new");
    assertEquals("new", Files.readString(target));
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(target)));
    assertEquals(Set.of("x"), files());
  }

  @Test
  @DisplayName("symbolic links are replaced and not followed, at either name")
  void links() throws IOException {
    Path precious = Files.writeString(folder.resolve("precious"), "precious");
    Files.createSymbolicLink(target, precious);
    Files.createSymbolicLink(folder.resolve("x.new"), precious);
    replace("new");
    assertEquals("precious", Files.readString(precious));
    assertTrue(Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS));
    assertEquals("new", Files.readString(target));
    assertEquals(Set.of("precious", "x"), files());
  }

  @Test
  @DisplayName("one that is given up leaves nothing, and the old file as it was")
  void givenUp() throws IOException {
    Files.writeString(target, "old");
    try (PendingFile file = PendingFile.beside(libc, target, ".new")) {
      file.write(bytes("half"));
      assertEquals(Set.of("x", "x.new"), files());
    }
    assertEquals("old", Files.readString(target));
    assertEquals(Set.of("x"), files());
  }

  @Test
  @DisplayName("what a killed process left is removed, what somebody writes is not")
  void leftovers() throws IOException {
    Files.writeString(folder.resolve("x.new"), "half");
    replace("new");
    assertEquals(Set.of("x"), files());
    try (PendingFile other = PendingFile.beside(libc, target, ".new")) {
      IOException refused = assertThrows(IOException.class, () -> replace("newer"));
      assertTrue(("" + refused.getMessage()).contains("another process is writing it"));
      other.write(bytes("other"));
      other.replaceTarget();
    }
    assertEquals("other", Files.readString(target));
  }

  @Test
  @DisplayName("a folder in the way is left alone, and told")
  void folderInTheWay() throws IOException {
    Files.createDirectory(folder.resolve("x.new"));
    IOException refused = assertThrows(IOException.class, () -> replace("new"));
    assertTrue(("" + refused.getMessage()).contains("EISDIR"), refused.getMessage());
    assertEquals(Set.of("x.new"), files());
  }

  @Test
  @DisplayName(
      "whichever system call fails, there is the old text or the new one, and nothing else")
  void everySystemCallFails() throws IOException {
    Files.writeString(target, "old");
    replace("new");
    int calls = libc.made().size();
    assertTrue(
        libc.made(SystemCall.FSYNC).size() == 1, "it was made durable before it was renamed");
    for (int call = 1; call <= calls; call++) {
      Files.writeString(target, "old");
      libc.forget();
      libc.with(Fault.ofCall(call, Errno.EIO).doing(Fault.Harm.DONE));
      String expected = "new";
      try {
        replace("new");
      } catch (IOException e) {
        assertTrue(("" + e.getMessage()).contains("EIO"), e.getMessage());
        expected = "old";
      }
      libc.heal();
      assertEquals(expected, Files.readString(target), "call " + call);
      assertEquals(Set.of("x"), files(), "call " + call);
      assertEquals(Set.of(), libc.descriptors(), "call " + call);
    }
  }

  @Test
  @DisplayName("a file that can't be written is named in the error, with the reason")
  void refusedWrite() throws IOException {
    try (PendingFile file = PendingFile.beside(libc, target, ".new")) {
      file.channel().position(Long.MAX_VALUE);
      IOException refused = assertThrows(IOException.class, () -> file.write(bytes("x")));
      assertEquals(file.pending() + ": write: Invalid argument", refused.getMessage());
    }
    assertEquals(Set.of(), files());
  }

  @Test
  @DisplayName("a name that is somebody's is not taken, be it a link that leads nowhere")
  void takenNames() throws IOException {
    for (boolean link : new boolean[] {false, true}) {
      if (link) {
        Files.createSymbolicLink(target, folder.resolve("nowhere"));
      } else {
        Files.writeString(target, "old");
      }
      try (PendingFile file = PendingFile.beside(libc, target, ".part")) {
        file.write(bytes("new"));
        assertThrows(FileAlreadyExistsException.class, file::becomeTarget);
      }
      assertEquals(Set.of("x"), files());
      Files.delete(target);
    }
    try (PendingFile file = PendingFile.beside(libc, target, ".part")) {
      file.write(bytes("new"));
      file.becomeTarget();
    }
    assertEquals("new", Files.readString(target));
    assertEquals(Set.of("x"), files());
  }

  @Test
  @DisplayName("the lock goes with the file to its name, and ends when it is given up")
  void held() throws IOException {
    HeldFile held;
    try (PendingFile file = PendingFile.beside(libc, target, ".new")) {
      file.becomeTarget();
      held = file.keepHeld();
    }
    try (FoundFile found = FoundFile.at(libc, target).orElseThrow()) {
      assertTrue(held.isAt(target));
      assertTrue(found.isLocked());
      assertTrue(found.hold().isEmpty());
      held.close();
      assertFalse(found.isLocked());
      try (HeldFile again = found.hold().orElseThrow()) {
        Files.move(target, folder.resolve("y"));
        Files.createSymbolicLink(target, folder.resolve("y"));
        assertFalse(again.isAt(target), "a link to it is not it");
      }
    }
  }

  @Test
  @DisplayName("what was looked at is what is read, whatever stands there by then")
  void lookedAt() throws Exception {
    Files.writeString(target, "old");
    try (FoundFile found = FoundFile.at(libc, target).orElseThrow()) {
      Files.writeString(folder.resolve("y"), "another");
      Files.move(folder.resolve("y"), target, StandardCopyOption.REPLACE_EXISTING);
      assertEquals("old", new String(found.read(3), StandardCharsets.UTF_8));
      IOException longer = assertThrows(IOException.class, () -> found.read(2));
      assertTrue(("" + longer.getMessage()).contains("longer than 2 bytes"));
    }
    Files.delete(target);
    assertTrue(FoundFile.at(libc, target).isEmpty());
    assertTrue(FoundFile.at(libc, folder.resolve("no/folder")).isEmpty());
    assertEquals(0, new ProcessBuilder("mkfifo", target.toString()).start().waitFor());
    try (FoundFile fifo = FoundFile.behind(libc, target).orElseThrow()) {
      IOException refused = assertThrows(IOException.class, () -> fifo.read(10));
      assertTrue(("" + refused.getMessage()).contains("it is a FIFO"), refused.getMessage());
      assertThrows(IOException.class, fifo::isLocked);
    }
  }
}
