package holdfast.machine.migration.internal.ownership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Notes that a neighbour or chance has put beside an image, and folders that take none: nothing is
 * waited for, nothing is believed, and nothing is left behind.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BadNotesTest {
  private static final BackendId REGION = new BackendId("nv0");
  private static final int NOBODY = 65534;
  private static final String DIGITS = "0123456789abcdef".repeat(4);

  private Path folder = Path.of("/");
  private Path image = folder;
  private Path note = folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Storage.tmpfs().newFolder();
    image = Files.writeString(folder.resolve("a"), "A");
    note = folder.resolve("a.migration.json");
  }

  @AfterEach
  void removeFolder() throws IOException {
    Storage.remove(folder);
  }

  private static MigrationId migration() {
    return new MigrationId(UUID.randomUUID(), "tcp:peer", Instant.ofEpochSecond(1));
  }

  private static SourceNotes source(Path... files) {
    return new SourceNotes(noted(files), migration(), Proof.random());
  }

  private static DestinationNotes destination(Path... files) {
    return new DestinationNotes(noted(files), migration());
  }

  private static List<NotedFile> noted(Path... files) {
    return Stream.of(files).map(file -> new NotedFile(REGION, file)).toList();
  }

  private Set<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
    }
  }

  /** That no machine starts, and no migration begins, with the note, and that all say why. */
  private void assertRefused(String why) throws IOException {
    Path other = Files.writeString(folder.resolve("b"), "B");
    Set<String> before = files();
    String refusal = MigrationNotes.check().refusal(image).orElseThrow();
    assertTrue(refusal.contains(note + " " + why), refusal);
    assertTrue(refusal.endsWith("delete it"), refusal);
    assertTrue(refusal.chars().noneMatch(Character::isISOControl), refusal);
    assertTrue(refusal.length() < 1000, "a sentence of " + refusal.length());
    assertEquals(Optional.of(refusal), MigrationNotes.checkIncoming().refusal(image));
    for (Path[] files : List.of(new Path[] {image, other}, new Path[] {other, image})) {
      String leave = "" + assertThrows(IOException.class, source(files)::prepare).getMessage();
      assertTrue(leave.contains(note + " " + why), leave);
      String come = "" + assertThrows(IOException.class, destination(files)::begin).getMessage();
      assertTrue(come.contains(note + " " + why), come);
    }
    assertEquals(before, files(), "nothing is left behind");
    assertEquals(Optional.of(refusal), MigrationNotes.check().refusal(image), "it stays");
    Files.delete(note);
    Files.delete(other);
    assertEquals(Optional.empty(), MigrationNotes.check().refusal(image));
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertTrue(process.waitFor(20, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue());
  }

  @Test
  @DisplayName("what is no regular file as a note is reason, and neither waited for nor followed")
  void noFile() throws Exception {
    run("mkfifo", note.toString());
    assertRefused("is a FIFO, and not a regular file");
    Files.createDirectory(note);
    assertRefused("is a directory, and not a regular file");
    Path real = Files.writeString(folder.resolve("real"), json("incoming"));
    for (Path target : List.of(Path.of("/dev/zero"), real, folder.resolve("nothing"))) {
      Files.createSymbolicLink(note, target);
      assertRefused("is a symbolic link, and not a regular file");
    }
    try (RandomAccessFile file = new RandomAccessFile(note.toFile(), "rw")) {
      file.setLength(1L << 40);
    }
    assertRefused("is no note of a migration: it is 1099511627776 bytes long");
    Files.write(note, new byte[] {'{', (byte) 0xC3, '}'});
    assertRefused("is no note of a migration: it is not text in UTF-8");
  }

  private static String json(String state) {
    return """
        {"migration": "11111111-2222-3333-4444-555555555555", "region": "nv0", "peer": "tcp:x", \
        "started": "2026-01-01T00:00:00Z", "state": "%s", "decides": "/srv/b", \
        "proof": "%s", "proof-sha256": "%s"}"""
        .formatted(state, DIGITS, DIGITS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"incoming", "received", "leaving", "moved"})
  @DisplayName("another user's note in a folder for all is not believed, the image's owner's is")
  void somebodyElses(String state) throws Exception {
    Assumptions.assumeTrue(
        (int) Files.getAttribute(image, "unix:uid") == 0, "only root gives files away");
    Files.setAttribute(folder, "unix:mode", 01777);
    Files.writeString(note, json(state));
    Files.setAttribute(note, "unix:uid", NOBODY);
    assertRefused("belongs to user 65534, who is neither root nor");
    Files.writeString(note, json(state));
    Files.setAttribute(note, "unix:uid", NOBODY);
    Files.setAttribute(image, "unix:uid", NOBODY);
    String refusal = MigrationNotes.check().refusal(image).orElseThrow();
    assertTrue(refusal.contains("tcp:x"), refusal);
  }

  @Test
  @DisplayName("nor is another user's deciding note: the file that refers to it stays refused")
  void somebodyElseDecides() throws Exception {
    Assumptions.assumeTrue(
        (int) Files.getAttribute(image, "unix:uid") == 0, "only root gives files away");
    Path other = Files.writeString(folder.resolve("b"), "B");
    SourceNotes source = source(image, other);
    source.prepare();
    Files.writeString(note, json("moved"));
    Files.setAttribute(note, "unix:uid", NOBODY);
    String refusal = MigrationNotes.check().refusal(other).orElseThrow();
    assertTrue(refusal.contains("since " + note + " belongs to user 65534"), refusal);
    source.close();
  }

  /** Every way in which the text of a note can be none. */
  static List<String> malformed() {
    List<String> texts =
        new ArrayList<>(List.of("", "{", "{}", "[]", "null", "7", "\"moved\"", "{\"state\": \"mo"));
    String good = json("leaving");
    texts.addAll(
        List.of(
            good + "x",
            good + good,
            good.replace("{", "{\"state\": \"moved\", "),
            good.replace("\"nv0\"", "7"),
            good.replace("\"nv0\"", "\"n v\""),
            good.replace("\"nv0\"", "[".repeat(20_000) + "]".repeat(20_000)),
            good.replace("\"nv0\"", "9".repeat(5_000)),
            good.replace("\"leaving\"", "[\"leaving\"]"),
            good.replace("\"leaving\"", "null"),
            good.replace("\"leaving\"", "\"folded\""),
            good.replace("\"leaving\"", "\"\\u001b[2J\""),
            good.replace("2026-01-01T00:00:00Z", "yesterday"),
            good.replace("11111111-2222", "1-2"),
            good.replace("\"11111111", "\"x1111111"),
            good.replace("tcp:x", "x".repeat(1025)),
            good.replace("\"tcp:x\"", "null"),
            good.replace("/srv/b", "srv/b"),
            good.replace("/srv/b", "/"),
            good.replace("/srv/b", ""),
            good.replace("/srv/b", "/bbb".repeat(1024)),
            good.replace("/srv/b", "/ж".repeat(2100)),
            good.replace("/srv/b", "/srv/\\u0000b"),
            good.replace("\"/srv/b\"", "null")));
    String moved = json("moved");
    texts.addAll(
        List.of(
            moved.replace("\"proof\": \"0", "\"proof\": \"x"),
            moved.replace("\"proof\": \"0", "\"proof\": \""),
            moved.replace("\"proof\":", "\"prove\":"),
            moved.replace("}", ", \"dependents\": \"/srv/b\"}"),
            moved.replace("}", ", \"dependents\": null}"),
            moved.replace("}", ", \"dependents\": [7]}"),
            moved.replace("}", ", \"dependents\": [\"srv/b\"]}"),
            json("received").replace("\"proof-sha256\": \"0", "\"proof-sha256\": \"A")));
    return texts;
  }

  @ParameterizedTest
  @MethodSource("malformed")
  @DisplayName("a text that is no note is reason as that, whatever is wrong with it")
  void texts(String text) throws Exception {
    Files.writeString(note, text);
    assertRefused("");
  }

  @Test
  @DisplayName("a field that this version doesn't know is no reason, and each state is a note")
  void goodTexts() throws Exception {
    for (String state : List.of("incoming", "received", "leaving", "moved")) {
      Note.Written read = NoteJson.read(json(state).getBytes(StandardCharsets.UTF_8));
      assertEquals(read, NoteJson.read(NoteJson.write(read)));
      assertEquals(state, read.getClass().getSimpleName().toLowerCase(Locale.ROOT));
    }
    Note.Moved deciding =
        new Note.Moved(
            migration(), REGION, Proof.random(), List.of(Path.of("/srv/b"), Path.of("/srv/ж\n")));
    assertEquals(deciding, NoteJson.read(NoteJson.write(deciding)));
  }

  @Test
  @DisplayName("what a note says is shown without what a terminal would take for a command")
  void controlCharacters() throws Exception {
    for (String state : List.of("incoming", "received", "leaving", "moved")) {
      Files.writeString(note, json(state).replace("tcp:x", "\\u001b[2J"));
      String refusal = MigrationNotes.check().refusal(image).orElseThrow();
      assertTrue(refusal.contains("\\u001b[2J"), refusal);
      assertTrue(refusal.chars().noneMatch(Character::isISOControl), refusal);
    }
  }

  @Test
  @DisplayName("what a note names is not opened, nor is a note made beside it")
  void namesAFifo() throws Exception {
    Path fifo = folder.resolve("fifo");
    run("mkfifo", fifo.toString());
    Files.writeString(note, json("leaving").replace("/srv/b", fifo.toString()));
    assertTrue(MigrationNotes.check().refusal(image).isEmpty(), "there is no note that decides");
    Files.writeString(note, json("moved").replace("}", ", \"dependents\": [\"" + fifo + "\"]}"));
    assertTrue(MigrationNotes.check().refusal(image).isPresent());
    assertEquals(Set.of("a", "a.migration.json", "fifo"), files());
  }

  /** That neither side begins a migration with a file, and no other keeps a note of it. */
  private void assertNoNotes(Path without) throws IOException {
    Set<String> before = files();
    for (Path[] files : List.of(new Path[] {image, without}, new Path[] {without, image})) {
      for (String reason :
          List.of(
              "" + assertThrows(IOException.class, source(files)::prepare).getMessage(),
              "" + assertThrows(IOException.class, destination(files)::begin).getMessage())) {
        assertTrue(
            reason.startsWith(
                "beside " + without + ", of memory backend 'nv0', no note of the migration"),
            reason);
        assertTrue(reason.contains("let this user make files in that folder"), reason);
      }
      assertEquals(before, files(), "nothing is left behind");
      assertEquals(Optional.empty(), MigrationNotes.check().refusal(image));
      assertEquals(Optional.empty(), MigrationNotes.check().refusal(without));
    }
  }

  @Test
  @DisplayName("a name that leaves no room for a note refuses the migration, not the start")
  void noRoomInTheName() throws Exception {
    assertNoNotes(Files.writeString(folder.resolve("x".repeat(250)), "X"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"nr_inodes=2", "ro"})
  @DisplayName("a folder that is full or read-only refuses the migration, not the start")
  void folderTakesNone(String options) throws Exception {
    Path mounted = Files.createDirectory(folder.resolve("disk"));
    Process mount =
        new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=1m", "none", mounted.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(mount.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(mount.waitFor(20, TimeUnit.SECONDS));
    Assumptions.assumeTrue(mount.exitValue() == 0, "only root mounts: " + said);
    try {
      Path without = Files.writeString(mounted.resolve("b"), "B");
      run("mount", "-o", "remount," + options, mounted.toString());
      assertNoNotes(without);
    } finally {
      run("umount", mounted.toString());
    }
  }

  @Test
  @DisplayName("more files than a note can name refuse the migration, and leave nothing behind")
  void tooManyFiles() throws Exception {
    Path deep = folder;
    for (int i = 0; i < 10; i++) {
      deep = Files.createDirectory(deep.resolve("d".repeat(250)));
    }
    List<Path> all = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      all.add(Files.writeString(deep.resolve("f" + i), "F"));
    }
    String reason =
        ""
            + assertThrows(IOException.class, source(all.toArray(Path[]::new))::prepare)
                .getMessage();
    assertTrue(reason.contains("bytes long, of at most 65536"), reason);
    try (Stream<Path> files = Files.list(deep)) {
      assertEquals(30, files.count());
    }
  }
}
