package holdfast.machine.migration.internal.channel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import holdfast.host.testkit.Fault;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A snapshot's file: all of it or nothing, and nobody else's. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SnapshotFileTest {
  private static final int EIO = 5;

  @TempDir Path folder;

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(UTF_8));
  }

  private static Set<String> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return new TreeSet<>(files.map(file -> "" + file.getFileName()).toList());
    }
  }

  private static void assertSentence(IOException refused, Path path, String problem) {
    String sentence = "" + refused.getMessage();
    assertTrue(sentence.contains("file:" + path), sentence);
    assertTrue(sentence.contains(problem), sentence);
  }

  @Test
  @DisplayName("it has its name when it is complete, for its owner alone, and can be read")
  void complete() throws Exception {
    Path path = folder.resolve("x");
    try (SnapshotFile file = SnapshotFile.create(path)) {
      file.write(bytes("all of it"));
      assertEquals(Set.of("x.partial"), files(folder));
      file.complete();
    }
    assertEquals(Set.of("x"), files(folder));
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
    try (ReadableByteChannel in = SnapshotFile.open(path)) {
      ByteBuffer read = ByteBuffer.allocate(100);
      assertEquals(9, in.read(read));
      assertEquals("all of it", new String(read.array(), 0, 9, UTF_8));
      assertEquals(-1, in.read(read));
    }
  }

  @Test
  @DisplayName(
      "one that is not completed leaves nothing; one that a killed process left is replaced")
  void givenUp() throws Exception {
    Path path = folder.resolve("x");
    Files.writeString(folder.resolve("x.partial"), "left");
    SnapshotFile file = SnapshotFile.create(path);
    file.write(bytes("half"));
    assertThrows(IOException.class, () -> SnapshotFile.create(path)); // it is being written
    assertTrue(file.isOpen());
    file.close();
    file.close();
    assertFalse(file.isOpen());
    assertThrows(ClosedChannelException.class, () -> file.write(bytes("more")));
    assertThrows(ClosedChannelException.class, file::complete);
    assertEquals(Set.of(), files(folder));
  }

  @Test
  @DisplayName("nothing is replaced, whenever it came")
  void taken() throws Exception {
    Path path = Files.writeString(folder.resolve("x"), "precious");
    assertSentence(
        assertThrows(IOException.class, () -> SnapshotFile.create(path)),
        path,
        "choose another name");
    Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("none"));
    assertSentence(
        assertThrows(IOException.class, () -> SnapshotFile.create(link)), link, "a symbolic link");
    Path late = folder.resolve("late");
    try (SnapshotFile file = SnapshotFile.create(late)) {
      Files.writeString(late, "another's");
      assertSentence(assertThrows(IOException.class, file::complete), late, "already");
    }
    assertEquals("precious", Files.readString(path));
    assertEquals("another's", Files.readString(late));
    assertEquals(Set.of("late", "link", "x"), files(folder));
    assertSentence(
        assertThrows(IOException.class, () -> SnapshotFile.create(folder.resolve("none/x"))),
        folder.resolve("none/x"),
        "can't be made");
  }

  @Test
  @DisplayName("a disk that fails in the last moment leaves nothing")
  void failedDisk() throws Exception {
    Path path = folder.resolve("x");
    FaultyLibc libc = FaultyLibc.host().with(Fault.ofEvery(SystemCall.FSYNC, EIO));
    try (SnapshotFile file = SnapshotFile.create(libc, path)) {
      file.write(bytes("all"));
      assertSentence(assertThrows(IOException.class, file::complete), path, "EIO");
    }
    assertEquals(Set.of(), files(folder));
    assertEquals(Set.of(), libc.descriptors());
  }

  @Test
  @DisplayName("a full disk is a sentence, and has all of its room again")
  void fullDisk() throws Exception {
    Process mount =
        new ProcessBuilder(
                "mount", "-t", "tmpfs", "-o", "size=1m", "holdfast-test", folder.toString())
            .redirectErrorStream(true)
            .start();
    String says = new String(mount.getInputStream().readAllBytes(), UTF_8);
    assumeTrue(mount.waitFor() == 0, () -> "can't mount a tmpfs, which only root can: " + says);
    try {
      Path path = folder.resolve("x");
      try (SnapshotFile file = SnapshotFile.create(path)) {
        ByteBuffer much = ByteBuffer.allocate(1 << 16);
        IOException full =
            assertThrows(
                IOException.class,
                () -> {
                  while (true) {
                    file.write(much.clear());
                  }
                });
        assertSentence(full, path, "No space left");
      }
      assertEquals(Set.of(), files(folder));
      assertEquals(1 << 20, Files.getFileStore(folder).getUsableSpace());
    } finally {
      assertEquals(0, new ProcessBuilder("umount", folder.toString()).start().waitFor());
    }
  }

  @Test
  @DisplayName("what is no regular file is not opened, and never waited for")
  void reading() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    assertSentence(assertThrows(IOException.class, () -> SnapshotFile.open(pipe)), pipe, "a FIFO");
    assertSentence(
        assertThrows(IOException.class, () -> SnapshotFile.open(folder)), folder, "a directory");
    Path none = folder.resolve("none");
    assertSentence(
        assertThrows(IOException.class, () -> SnapshotFile.open(none)), none, "no such file");
  }
}
