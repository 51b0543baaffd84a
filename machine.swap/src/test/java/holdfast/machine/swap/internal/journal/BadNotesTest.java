package holdfast.machine.swap.internal.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Notes that a neighbour or chance has put beside an image: none is waited for, and none is
 * believed that is not a note of the image's owner, of root or of ours.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BadNotesTest {
  private static final BackendId REGION = new BackendId("nv0");
  private static final List<String> SUFFIXES = List.of(".swap-from.json", ".swap-to.json");
  private static final int NOBODY = 65534;

  private Path folder = Path.of("/");
  private Path image = folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Storage.tmpfs().newFolder();
    image = Files.writeString(folder.resolve("a"), "A");
  }

  @AfterEach
  void removeFolder() throws IOException {
    Storage.remove(folder);
  }

  private Path note(String suffix) {
    return folder.resolve("a" + suffix);
  }

  /** That a start and a swap to the image are refused, with the note and what is wrong with it. */
  private void assertRefused(Path note, String why) throws IOException {
    String refusal = ImageNotes.refusal(image).orElseThrow();
    assertTrue(refusal.contains(note + " " + why), refusal);
    assertTrue(refusal.endsWith("delete it"), refusal);
    assertFalse(refusal.contains("mem-path="), "nobody said where to start: " + refusal);
    assertFalse(ImageNotes.isLeftBehind(image));
    Path other = Files.writeString(folder.resolve("c"), "C");
    SwapJournal swap =
        new SwapJournal(
            REGION,
            Side.file(other),
            Side.file(image),
            Instant.ofEpochSecond(1),
            new GivenWarnings());
    String reason = "" + assertThrows(IOException.class, swap::begin).getMessage();
    assertTrue(reason.contains(note + " " + why), reason);
    swap.abandon(false);
    Files.delete(other);
    assertEquals(Optional.of(refusal), ImageNotes.refusal(image), "it stays as it was");
    Files.delete(note);
    assertEquals(Optional.empty(), ImageNotes.refusal(image));
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertTrue(process.waitFor(20, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue());
  }

  @Test
  @DisplayName("a FIFO as a note is reason, and not waited for")
  void fifo() throws Exception {
    for (String suffix : SUFFIXES) {
      run("mkfifo", note(suffix).toString());
      assertRefused(note(suffix), "is a FIFO, and not a regular file");
    }
  }

  @Test
  @DisplayName("a link as a note is not followed, not even to a note")
  void links() throws Exception {
    Path real = Files.writeString(folder.resolve("real"), json("copying", "/etc/shadow"));
    for (String suffix : SUFFIXES) {
      for (Path target : List.of(Path.of("/dev/zero"), real, folder.resolve("nothing"))) {
        Files.createSymbolicLink(note(suffix), target);
        assertRefused(note(suffix), "is a symbolic link, and not a regular file");
      }
    }
  }

  @Test
  @DisplayName(
      "where no note can be, none is missed: a name that leaves no room, links in a circle")
  void nowhere() throws Exception {
    assertEquals(
        Optional.empty(),
        ImageNotes.refusal(Files.writeString(folder.resolve("x".repeat(250)), "X")));
    assertEquals(Optional.empty(), ImageNotes.refusal(folder.resolve("x".repeat(300))));
    Path circle = Files.createSymbolicLink(folder.resolve("circle"), Path.of("circle"));
    assertEquals(Optional.empty(), ImageNotes.refusal(circle.resolve("a")));
  }

  @Test
  @DisplayName("a folder as a note is reason")
  void folders() throws Exception {
    for (String suffix : SUFFIXES) {
      Files.createDirectory(note(suffix));
      assertRefused(note(suffix), "is a directory, and not a regular file");
    }
  }

  @Test
  @DisplayName("a sparse terabyte as a note is reason, and not read")
  void terabyte() throws Exception {
    for (String suffix : SUFFIXES) {
      try (RandomAccessFile file = new RandomAccessFile(note(suffix).toFile(), "rw")) {
        file.setLength(1L << 40);
      }
      assertRefused(note(suffix), "is no note of a swap: it is 1099511627776 bytes long");
    }
  }

  private static String json(String state, String source) {
    return "{\"region\": \"nv0\", \"from\": \""
        + source
        + "\", \"to\": \""
        + source
        + "\", \"started\": \"2026-01-01T00:00:00Z\", \"state\": \""
        + state
        + "\"}";
  }

  @Test
  @DisplayName("another user's note in a folder for all is not believed, wherever it says to start")
  void somebodyElses() throws Exception {
    Assumptions.assumeTrue(
        (int) Files.getAttribute(image, "unix:uid") == 0, "only root gives files away");
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    Files.setAttribute(folder, "unix:mode", 01777);
    for (String suffix : SUFFIXES) {
      for (String state : List.of("copying", "complete", "switching", "moved")) {
        Files.writeString(note(suffix), json(state, "/etc/shadow"));
        Files.setAttribute(note(suffix), "unix:uid", NOBODY);
        assertRefused(note(suffix), "belongs to user 65534, who is neither root nor");
      }
    }
    // the image's own owner may say so
    Files.writeString(note(".swap-to.json"), json("moved", "/srv/b"));
    Files.setAttribute(note(".swap-to.json"), "unix:uid", NOBODY);
    Files.setAttribute(image, "unix:uid", NOBODY);
    String refusal = ImageNotes.refusal(image).orElseThrow();
    assertTrue(refusal.contains("start with mem-path=/srv/b"), refusal);
    assertFalse(ImageNotes.isLeftBehind(image), "which is no leave to overwrite it");
  }

  @Test
  @DisplayName("nor is it where a file is to be made")
  void somebodyElsesBesideNothing() throws Exception {
    Assumptions.assumeTrue(
        (int) Files.getAttribute(image, "unix:uid") == 0, "only root gives files away");
    Path missing = folder.resolve("b");
    for (String suffix : SUFFIXES) {
      Path note = Files.writeString(folder.resolve("b" + suffix), json("copying", "/etc/shadow"));
      Files.setAttribute(note, "unix:uid", NOBODY);
      String refusal = ImageNotes.refusal(missing).orElseThrow();
      assertTrue(refusal.contains(note + " belongs to user 65534"), refusal);
      assertTrue(Files.exists(note), "it is not ours to remove");
      Files.delete(note);
    }
  }

  /** Every way in which the text of a note can be none. */
  private static List<String> malformed() {
    String good = json("copying", "/srv/b");
    List<String> texts =
        new ArrayList<>(
            List.of(
                "",
                "{",
                "{}",
                "[]",
                "null",
                "7",
                "\"copying\"",
                "{\"state\": \"copy",
                "{\"state\": \"copying\"}",
                good + "x",
                good + good,
                good.replace("\"nv0\"", "7"),
                good.replace("\"nv0\"", "\"n v\""),
                good.replace("\"copying\"", "[\"copying\"]"),
                good.replace("\"copying\"", "null"),
                good.replace("\"copying\"", "\"folded\""),
                good.replace("\"copying\"", "\"\\u001b[2J\""),
                good.replace("2026-01-01T00:00:00Z", "yesterday"),
                good.replace("\"2026-01-01T00:00:00Z\"", "17"),
                good.replace("/srv/b", "srv/b"),
                good.replace("/srv/b", "/"),
                good.replace("/srv/b", ""),
                good.replace("/srv/b", "/" + "b".repeat(30_000)),
                good.replace("/srv/b", "/bbb".repeat(1024)),
                good.replace("/srv/b", "/ж".repeat(1500)),
                good.replace("/srv/b", "/srv/\\u0000b"),
                good.replace("\"/srv/b\"", "{\"path\": \"/srv/b\"}"),
                good.replace("\"/srv/b\"", "null"),
                good.replace("\"nv0\"", "[".repeat(20_000) + "]".repeat(20_000)),
                good.replace("\"nv0\"", "9".repeat(5_000)),
                good.replace("{", "{\"state\": \"complete\", ")));
    texts.add(json("moved", "/srv/b").replace("}", ", \"inode\": \"x\"}"));
    texts.add(
        json("moved", "/srv/b")
            .replace("}", ", \"device\": \"8\", \"inode\": \"1\", \"size\": \"1\"}"));
    return texts;
  }

  @Test
  @DisplayName("a text that is no note is reason as that, whatever is wrong with it")
  void texts() throws Exception {
    for (String suffix : SUFFIXES) {
      for (String text : malformed()) {
        Files.writeString(note(suffix), text);
        String refusal = ImageNotes.refusal(image).orElseThrow();
        assertTrue(refusal.contains(note(suffix).toString()), suffix + text + ": " + refusal);
        assertFalse(refusal.contains("mem-path="), suffix + text + ": " + refusal);
        assertTrue(refusal.chars().noneMatch(Character::isISOControl), refusal);
        assertTrue(refusal.length() < 1000, "a sentence of " + refusal.length());
        assertFalse(ImageNotes.isLeftBehind(image));
      }
      Files.write(note(suffix), new byte[] {'{', (byte) 0xC3, '}'});
      assertRefused(note(suffix), "is no note of a swap: it is not text in UTF-8");
    }
  }

  @Test
  @DisplayName("what a note says is shown without what a terminal would take for a command")
  void controlCharacters() throws Exception {
    Files.writeString(note(".swap-to.json"), json("moved", "/srv/\\u001b[2Jb"));
    String refusal = ImageNotes.refusal(image).orElseThrow();
    assertTrue(refusal.contains("/srv/\\u001b[2Jb"), refusal);
  }

  @ParameterizedTest
  @ValueSource(strings = {"copying", "complete"})
  @DisplayName("what a note names is not opened: a FIFO there is not waited for")
  void namesAFifo(String state) throws Exception {
    Path fifo = folder.resolve("fifo");
    run("mkfifo", fifo.toString());
    Files.writeString(note(".swap-from.json"), json(state, fifo.toString()));
    assertEquals(state.equals("complete"), ImageNotes.refusal(image).isEmpty());
    Path other = Files.writeString(folder.resolve("c"), "C");
    SwapJournal swap =
        new SwapJournal(
            REGION,
            Side.file(other),
            Side.file(image),
            Instant.ofEpochSecond(1),
            new GivenWarnings());
    swap.begin();
    swap.abandon(false);
    Files.deleteIfExists(note(".swap-from.json"));
    Files.delete(image);
    Files.writeString(note(".swap-from.json"), json(state, fifo.toString()));
    assertEquals(Optional.empty(), ImageNotes.refusal(image), "a new one can be made");
  }
}
