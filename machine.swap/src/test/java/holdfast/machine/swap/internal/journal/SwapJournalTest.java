package holdfast.machine.swap.internal.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The notes of swaps, on tmpfs. After each single change of a note the process could have ended:
 * what a fresh reader then says of both files is looked at there and then, on all of them.
 */
@Timeout(60)
class SwapJournalTest {
  private static final BackendId REGION = new BackendId("nv0");

  private Path folder = Path.of("/");
  private Path a = folder;
  private Path b = folder;
  private Path c = folder;
  private int swaps;
  private final List<SwapJournal> journals = new ArrayList<>();

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Storage.tmpfs().newFolder();
    a = Files.writeString(folder.resolve("a"), "A");
    b = folder.resolve("b");
    c = folder.resolve("c");
  }

  @AfterEach
  void removeFolder() throws IOException {
    journals.forEach(SwapJournal::close);
    Storage.remove(folder);
  }

  /** A crash at this moment leaves exactly one of the files that are there accepted: this one. */
  private void assertOnly(Path good) {
    try (Stream<Path> files = Files.list(folder)) {
      // a reader takes stale notes away: it must say the same again afterwards, in any order
      List<Path> candidates =
          new ArrayList<>(
              files
                  .filter(file -> Set.of("a", "b", "c").contains(file.getFileName().toString()))
                  .sorted()
                  .toList());
      Path saved = save();
      // first while the swap lives, then as its end leaves it: notes of a copy are nobody's
      assertEquals(Set.of(good), accepted(candidates), () -> "alive, notes: " + notes());
      restore(saved);
      for (List<Path> order : List.of(candidates, candidates.reversed())) {
        for (int time = 0; time < 2; time++) {
          assertEquals(Set.of(good), accepted(order), () -> "notes: " + notes());
        }
        restore(saved);
      }
      Storage.remove(saved);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static Set<Path> accepted(List<Path> files) {
    Set<Path> accepted = new TreeSet<>();
    for (Path file : files) {
      if (ImageNotes.refusal(file).isEmpty()) {
        accepted.add(file);
      }
    }
    return accepted;
  }

  private Path save() throws IOException {
    Path saved = Storage.tmpfs().newFolder();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.copy(file, saved.resolve(file.getFileName()));
      }
    }
    return saved;
  }

  private void restore(Path saved) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    try (Stream<Path> files = Files.list(saved)) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
  }

  private List<String> notes() {
    try (Stream<Path> files = Files.list(folder)) {
      List<String> notes = new ArrayList<>();
      for (Path file : files.filter(one -> one.toString().endsWith(".json")).sorted().toList()) {
        notes.add(file.getFileName() + "=" + Files.readString(file).strip());
      }
      return notes;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** One swap, looked at after each change of a note. */
  private final class Watched {
    final Path from;
    final Path to;
    final SwapJournal journal;
    Path good;
    int changes;

    Watched(Path from, Path to) {
      this.from = from;
      this.to = to;
      this.good = from;
      this.journal =
          new SwapJournal(
              REGION,
              Side.file(from),
              Side.file(to),
              Instant.ofEpochSecond(++swaps),
              new GivenWarnings(),
              this::changed);
      journals.add(journal);
    }

    private void changed() {
      changes++;
      assertOnly(good);
    }

    /** Up to a moment before {@link SwapJournal#complete}. */
    Watched begin() throws IOException {
      journal.begin();
      Files.writeString(to, "half");
      assertOnly(from);
      return this;
    }

    Watched complete() throws IOException {
      Files.writeString(to, "whole");
      journal.prepareSwitch();
      good = to; // the one change of the note is the moment
      journal.complete();
      assertOnly(to);
      return this;
    }

    void end() {
      journal.end();
      assertOnly(to);
    }

    void whole() throws IOException {
      begin();
      complete();
      end();
    }
  }

  @Test
  @DisplayName("at every moment of a swap a crash leaves exactly one of the two files accepted")
  void exactlyOneIsAccepted() throws IOException {
    assertEquals(Optional.empty(), ImageNotes.refusal(a), "before");
    Watched swap = new Watched(a, b);
    swap.whole();
    assertTrue(swap.changes >= 6, "begin 3, switch 1, complete 1, end 2: " + swap.changes);
    String refusal = ImageNotes.refusal(a).orElseThrow();
    assertTrue(refusal.contains("was moved to " + b), refusal);
    assertTrue(refusal.contains("mem-path=" + b), refusal);
    assertFalse(ImageNotes.isLeftBehind(b));
  }

  @Test
  @DisplayName("so it is on the way back, and on the way there once more")
  void thereAndBack() throws IOException {
    new Watched(a, b).whole();
    new Watched(b, a).whole();
    new Watched(a, b).whole();
    new Watched(b, c).whole();
    new Watched(c, a).whole();
  }

  @Test
  @DisplayName(
      "so it is when swaps go on after one that was cut off between its switch and its end")
  void onwardAfterACrash() throws IOException {
    new Watched(a, b).begin().complete(); // and the process ends
    assertEquals(Optional.empty(), ImageNotes.refusal(b));
    new Watched(b, a).begin().complete();
    new Watched(a, c).begin().complete();
    new Watched(c, b).whole();
    assertFalse(ImageNotes.refusal(a).isEmpty());
    assertFalse(ImageNotes.refusal(c).isEmpty());
  }

  @Test
  @DisplayName("so it is when the swap that was cut off had not come to its switch")
  void againAfterACrash() throws IOException {
    new Watched(a, b).begin();
    new Watched(a, b).begin();
    new Watched(a, c).whole();
    assertTrue(ImageNotes.refusal(b).orElseThrow().contains("unfinished copy of " + a));
    Files.delete(a);
    new Watched(c, b).whole();
  }

  @Test
  @DisplayName(
      "a switch that did not take place gives the old file back; a rollback leaves no note")
  void reopenedAndAbandoned() throws IOException {
    Watched swap = new Watched(a, b).begin().complete();
    swap.good = a;
    swap.journal.reopen();
    assertOnly(a);
    Files.delete(b);
    swap.journal.abandon(true);
    assertEquals(Optional.empty(), ImageNotes.refusal(a));
    assertEquals(List.of(), notes());
  }

  @Test
  @DisplayName("a file that was overwritten in part stays refused after the rollback")
  void overwrittenInPart() throws IOException {
    Files.writeString(b, "precious");
    SwapJournal journal =
        new SwapJournal(
            REGION, Side.file(a), Side.file(b), Instant.ofEpochSecond(1), new GivenWarnings());
    journal.begin();
    journal.abandon(false);
    assertEquals(Optional.empty(), ImageNotes.refusal(b), "nothing was written into it");
    assertEquals(List.of(), notes());
    journal.begin();
    journal.abandon(true);
    assertOnly(a);
    assertTrue(ImageNotes.refusal(b).orElseThrow().contains("unfinished copy"));
  }

  @Test
  @DisplayName("what was moved away is not made good by a swap back that was rolled back untouched")
  void outOfDateStaysSo() throws IOException {
    new Watched(a, b).whole();
    Watched back = new Watched(b, a);
    back.begin();
    back.journal.abandon(false);
    assertOnly(b);
  }

  @Test
  @DisplayName("a rollback before the journal was begun touches no note of anybody else")
  void abandonedBeforeItBegan() throws IOException {
    new Watched(a, b).begin();
    List<String> before = notes();
    new SwapJournal(
            REGION, Side.file(c), Side.file(b), Instant.ofEpochSecond(9), new GivenWarnings())
        .abandon(false);
    assertEquals(before, notes());
  }

  @Test
  @DisplayName("a note that no longer matters is removed, unless the swap may still be under way")
  void staleNotes() throws Exception {
    new Watched(a, b).begin();
    Libc libc = HostLibc.instance();
    int fd = libc.open(a, KernelConstants.O_RDWR | libc.constants().openCloexec(), 0);
    libc.fcntlOfdSetlk(fd, true);
    List<String> before = notes();
    assertEquals(Optional.empty(), ImageNotes.refusal(a));
    assertEquals(before, notes(), "somebody has the old file locked");
    Files.delete(b);
    int note =
        libc.open(
            folder.resolve("b.swap-from.json"),
            KernelConstants.O_RDWR | libc.constants().openCloexec(),
            0);
    libc.fcntlOfdSetlk(note, true);
    String refusal = ImageNotes.refusal(b).orElseThrow();
    assertTrue(refusal.startsWith("it is to be the copy of " + a), refusal);
    assertEquals(before, notes(), "the new file may be about to come");
    libc.close(fd);
    libc.close(note);
    assertEquals(Optional.empty(), ImageNotes.refusal(a));
    assertEquals(1, notes().size(), () -> notes().toString());
    assertEquals(Optional.empty(), ImageNotes.refusal(b));
    assertEquals(List.of(), notes());
  }

  @Test
  @DisplayName("a new file that is gone takes its notes along, and the old one stays out of date")
  void aMissingNewFile() throws IOException {
    new Watched(a, b).begin().complete();
    Files.delete(b);
    assertEquals(Optional.empty(), ImageNotes.refusal(b), "a new file can be made there");
    String refusal = ImageNotes.refusal(a).orElseThrow();
    assertTrue(
        refusal.contains(b + " once that is there again"), "a start from it makes one: " + refusal);
    assertEquals(1, notes().size(), () -> notes().toString());
  }

  @Test
  @DisplayName("a note that can't be read refuses its file, whatever is wrong with it")
  void unreadableNotes() throws IOException {
    for (String text : List.of("", "{", "[]", "null", "\"copying\"", "{\"state\": \"copy")) {
      for (String suffix : List.of(".swap-from.json", ".swap-to.json")) {
        Path note = folder.resolve("a" + suffix);
        Files.writeString(note, text);
        String refusal = ImageNotes.refusal(a).orElseThrow();
        assertFalse(refusal.isEmpty(), suffix + ": " + text);
        assertTrue(refusal.contains(note.toString()), refusal);
        assertFalse(ImageNotes.isLeftBehind(a));
        Files.delete(note);
      }
    }
    assertEquals(Optional.empty(), ImageNotes.refusal(a));
  }

  @Test
  @DisplayName("a note of an unknown state refuses, too: a later version may have written it")
  void unknownStates() throws IOException {
    for (String suffix : List.of(".swap-from.json", ".swap-to.json")) {
      Path note = Files.writeString(folder.resolve("a" + suffix), "{\"state\": \"folded\"}");
      assertFalse(ImageNotes.refusal(a).isEmpty(), suffix);
      Files.delete(note);
    }
  }

  @Test
  @DisplayName("from memory into a file: the file is refused until it is complete")
  void fromMemory() throws IOException {
    SwapJournal journal =
        new SwapJournal(
            REGION, Side.memory(), Side.file(b), Instant.ofEpochSecond(1), new GivenWarnings());
    journal.begin();
    Files.writeString(b, "half");
    String refusal = ImageNotes.refusal(b).orElseThrow();
    assertTrue(refusal.contains("unfinished copy of memory"), refusal);
    assertFalse(refusal.contains("null"), refusal);
    journal.complete();
    assertEquals(Optional.empty(), ImageNotes.refusal(b));
    journal.end();
    assertEquals(Optional.empty(), ImageNotes.refusal(b));
    assertEquals(List.of(), notes());
  }

  @Test
  @DisplayName("from a file into memory: the file is good until the switch, then out of date")
  void intoMemory() throws IOException {
    SwapJournal journal =
        new SwapJournal(
            REGION, Side.file(a), Side.memory(), Instant.ofEpochSecond(1), new GivenWarnings());
    journal.begin();
    assertEquals(Optional.empty(), ImageNotes.refusal(a));
    journal.prepareSwitch();
    assertEquals(Optional.empty(), ImageNotes.refusal(a));
    journal.complete();
    assertFalse(ImageNotes.refusal(a).isEmpty());
    journal.reopen();
    assertEquals(Optional.empty(), ImageNotes.refusal(a));
    assertEquals(List.of(), notes());
    journal.complete();
    journal.end();
    String refusal = ImageNotes.refusal(a).orElseThrow();
    assertTrue(refusal.contains("was moved to memory"), refusal);
    assertFalse(refusal.contains("null"), refusal);
    SwapJournal back =
        new SwapJournal(
            REGION, Side.memory(), Side.file(a), Instant.ofEpochSecond(2), new GivenWarnings());
    back.begin();
    assertTrue(ImageNotes.refusal(a).orElseThrow().contains("unfinished"));
    back.complete();
    back.end();
    assertEquals(Optional.empty(), ImageNotes.refusal(a));
  }

  @Test
  @DisplayName("a note that a killed process was about to put in place goes at the next start")
  void aNoteThatWasAboutToBe() throws IOException {
    SwapJournal journal =
        new SwapJournal(
            REGION, Side.file(a), Side.memory(), Instant.ofEpochSecond(1), new GivenWarnings());
    journal.begin();
    journal.prepareSwitch();
    Path pending = Path.of(a + ".swap-to.json.new");
    assertEquals(Optional.empty(), ImageNotes.refusal(a));
    assertTrue(Files.exists(pending), "it is in use");
    journal.close();
    Files.createFile(pending);
    assertEquals(Optional.empty(), ImageNotes.refusal(a));
    assertFalse(Files.exists(pending));
  }

  @Test
  @DisplayName("no note of the new file, no swap; no note of the old one, a swap all the same")
  void foldersThatTakeNoNotes() throws IOException {
    Path gone = folder.resolve("gone").resolve("x");
    SwapJournal nowhere =
        new SwapJournal(
            REGION, Side.file(a), Side.file(gone), Instant.ofEpochSecond(1), new GivenWarnings());
    assertThrows(IOException.class, nowhere::begin);
    assertEquals(List.of(), notes());
    SwapJournal rescue =
        new SwapJournal(
            REGION, Side.file(gone), Side.file(b), Instant.ofEpochSecond(2), new GivenWarnings());
    rescue.begin();
    Files.writeString(b, "whole");
    rescue.prepareSwitch();
    rescue.complete();
    rescue.end();
    assertEquals(Optional.empty(), ImageNotes.refusal(b));
    assertEquals(1, notes().size(), "for the day on which the old disk comes back: " + notes());
  }

  @Test
  @DisplayName("from a file onto a device: out of date from the switch on, and the device is named")
  void ontoADevice() throws IOException {
    Path device = Path.of("/dev/dax9.9");
    SwapJournal journal =
        new SwapJournal(
            REGION,
            Side.file(a),
            Side.device(device),
            Instant.ofEpochSecond(1),
            new GivenWarnings());
    journal.begin();
    journal.prepareSwitch();
    assertEquals(Optional.empty(), ImageNotes.refusal(a));
    journal.complete();
    String refusal = ImageNotes.refusal(a).orElseThrow();
    assertTrue(refusal.contains("was moved to " + device), refusal);
    assertTrue(refusal.contains("mem-path=" + device), refusal);
  }

  @Test
  @DisplayName("near the switch the old file is refused while the new one's note can't be read")
  void theNewDiskIsNotThere() throws IOException {
    new Watched(a, b).begin().journal.prepareSwitch();
    assertOnly(a);
    Path note = folder.resolve("b.swap-from.json");
    Path away = Files.move(note, folder.resolve("unmounted"));
    String refusal = ImageNotes.refusal(a).orElseThrow();
    assertTrue(refusal.contains("whether that took place is not known"), refusal);
    assertTrue(refusal.contains(note.toString()), refusal);
    Files.writeString(note, "garbage");
    assertFalse(ImageNotes.refusal(a).isEmpty());
    Files.move(away, note, StandardCopyOption.REPLACE_EXISTING);
    assertEquals(Optional.empty(), ImageNotes.refusal(a));
  }

  @Test
  @DisplayName("another swap to the same file is refused while that one lives")
  void twoSwapsToOneFile() throws Exception {
    Files.writeString(c, "C");
    SwapJournal first =
        new SwapJournal(
            REGION, Side.file(a), Side.file(b), Instant.ofEpochSecond(1), new GivenWarnings());
    first.begin();
    first.prepareSwitch(); // a note that is about to replace the other one is no reason by itself
    List<String> before = notes();
    SwapJournal second =
        new SwapJournal(
            REGION, Side.file(c), Side.file(b), Instant.ofEpochSecond(2), new GivenWarnings());
    String reason = assertThrows(IOException.class, second::begin).getMessage();
    assertEquals(b + " is what " + a + " is being swapped to: name another file", reason);
    second.abandon(false);
    assertEquals(before, notes());
    first.close();
    second.begin();
    second.close();
  }

  @Test
  @DisplayName("a symbolic link and the file it leads to have the same notes")
  void symbolicLinks() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("link"), a);
    SwapJournal journal =
        new SwapJournal(
            REGION, Side.file(link), Side.file(b), Instant.ofEpochSecond(1), new GivenWarnings());
    journal.begin();
    Files.writeString(b, "whole");
    journal.prepareSwitch();
    journal.complete();
    journal.end();
    assertFalse(ImageNotes.refusal(a).isEmpty());
    assertEquals(ImageNotes.refusal(a), ImageNotes.refusal(link));
  }

  @Test
  @DisplayName("an old file that was deleted without its note is not made anew and empty")
  void anOldFileThatIsGone() throws IOException {
    new Watched(a, b).whole();
    Files.delete(a);
    String refusal = ImageNotes.refusal(a).orElseThrow();
    assertTrue(refusal.startsWith("it is not there any more, and its content was moved"), refusal);
    assertTrue(refusal.contains("mem-path=" + b), refusal);
    Files.delete(folder.resolve("a.swap-to.json"));
    assertEquals(Optional.empty(), ImageNotes.refusal(a));
  }
}
