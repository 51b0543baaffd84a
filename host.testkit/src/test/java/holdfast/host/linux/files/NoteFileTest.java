package holdfast.host.linux.files;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Notes beside a file, on tmpfs; whose notes are believed is proved where they mean something. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NoteFileTest {
  private static final byte[] TEXT = "{}\n".getBytes(StandardCharsets.UTF_8);

  private Path folder = Path.of("/");
  private Path image = folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Storage.tmpfs().newFolder();
    image = Files.writeString(folder.resolve("x.img"), "X");
  }

  @AfterEach
  void removeFolder() throws IOException {
    Storage.remove(folder);
  }

  private NoteFile note() {
    return NoteFile.beside(image, ".note.json", "note of a test");
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  @DisplayName("what is written is read again, beside the file that a link leads to, and removed")
  void writtenAndRead() throws IOException {
    assertEquals(Optional.empty(), note().read());
    note().write(TEXT);
    assertEquals(List.of("x.img", "x.img.note.json"), files());
    Path link = Files.createSymbolicLink(folder.resolve("link"), image);
    NoteFile same = NoteFile.beside(link, ".note.json", "note of a test");
    assertEquals(note(), same);
    NoteFile.Content.Trusted read =
        assertInstanceOf(NoteFile.Content.Trusted.class, same.read().orElseThrow());
    assertArrayEquals(TEXT, read.bytes());
    same.remove();
    assertEquals(List.of("link", "x.img"), files());
  }

  @Test
  @DisplayName("the longest note is read; a longer one is not written, and not believed")
  void length() throws IOException {
    note().write(new byte[NoteFile.LONGEST]);
    assertInstanceOf(NoteFile.Content.Trusted.class, note().read().orElseThrow());
    String refusal =
        assertThrows(IOException.class, () -> note().write(new byte[NoteFile.LONGEST + 1]))
            .getMessage();
    assertTrue(refusal.contains("65537 bytes long"), refusal);
    assertEquals(List.of("x.img", "x.img.note.json"), files());
    Files.write(note().path(), new byte[NoteFile.LONGEST + 1]);
    assertEquals(
        Optional.of(new NoteFile.Content.Untrusted("is no note of a test: it is 65537 bytes long")),
        note().read());
  }

  @Test
  @DisplayName("what is about to take its place is not read, and goes when its writer has ended")
  void pending() throws IOException {
    note().write(TEXT);
    try (PendingFile next = note().pending(new byte[] {'n'})) {
      assertEquals(3, files().size(), "the next one is there already");
      assertThrows(IOException.class, () -> NoteFile.forgetPending(note().path()), "it is in use");
      next.leave();
    }
    assertEquals(3, files().size(), "left as a killed process leaves it");
    NoteFile.forgetPending(note().path());
    NoteFile.Content.Trusted read =
        assertInstanceOf(NoteFile.Content.Trusted.class, note().read().orElseThrow());
    assertArrayEquals(TEXT, read.bytes());
    assertEquals(List.of("x.img", "x.img.note.json"), files());
  }

  @Test
  @DisplayName("it is live while somebody has it locked")
  void live() throws IOException {
    assertFalse(note().isLive());
    note().write(TEXT);
    assertFalse(note().isLive());
    try (FoundFile found = FoundFile.at(note().path()).orElseThrow();
        HeldFile _ = found.hold().orElseThrow()) {
      assertTrue(note().isLive());
    }
    assertFalse(note().isLive());
  }

  @Test
  @DisplayName("a file is in use while a writer has it locked, or if that can't be found out")
  void inUse() throws IOException {
    assertFalse(FoundFile.isInUse(image));
    assertFalse(FoundFile.isInUse(folder.resolve("nothing")));
    assertTrue(FoundFile.isInUse(folder), "a folder has no such lock");
    try (FoundFile found = FoundFile.at(image).orElseThrow();
        HeldFile _ = found.hold().orElseThrow()) {
      assertTrue(FoundFile.isInUse(image));
    }
  }

  @Test
  @DisplayName("a file is out of reach when its path can't be followed, not when nothing is there")
  void outOfReach() {
    assertFalse(FoundFile.isOutOfReach(image));
    assertFalse(FoundFile.isOutOfReach(folder.resolve("nothing")));
    assertTrue(FoundFile.isOutOfReach(folder.resolve("x".repeat(300)).resolve("y")));
  }

  @Test
  @DisplayName("what a note says is shown without what a terminal would take for a command")
  void shown() {
    assertEquals("a\\u001b[2Jж", NoteFile.shown("a\u001b[2Jж"));
  }
}
