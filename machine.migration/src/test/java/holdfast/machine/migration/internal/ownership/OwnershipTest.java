package holdfast.machine.migration.internal.ownership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.host.linux.files.FoundFile;
import holdfast.host.linux.files.HeldFile;
import holdfast.host.testkit.Storage;
import holdfast.machine.migration.internal.ownership.TwoSides.Killed;
import holdfast.machine.migration.internal.ownership.TwoSides.Machine;
import holdfast.machine.migration.internal.ownership.TwoSides.Migration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The notes of migrations between two machines, on tmpfs. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OwnershipTest {
  /** What a migration of two files changes: 2 incoming, 2 received, and what is in CHANGES. */
  private static final int CHANGES = 11;

  private final TwoSides sides = new TwoSides();
  private final List<Path> folders = new ArrayList<>();

  @AfterEach
  void removeFolders() throws IOException {
    sides.close();
    for (Path folder : folders) {
      Storage.remove(folder);
    }
  }

  private Machine machine(String name, int files) throws IOException {
    Machine machine = Machine.of(name, files);
    folders.add(machine.folder());
    return machine;
  }

  @ParameterizedTest(name = "{0} files")
  @ValueSource(ints = {1, 2, 3})
  @DisplayName(
      "at every moment of a migration a crash leaves one side accepted, or none, never two")
  void neverTwo(int files) throws IOException {
    Machine a = machine("a", files);
    Machine b = machine("b", files);
    Migration migration = sides.migration(a, b).whole();
    int others = files - 1;
    // incoming, received, and none beside each; leaving and moved beside others; the deciding one's
    assertEquals(3 * files + 2 * others + 2 + Math.min(others, 1), migration.changes);
    assertEquals(files, a.notes().size(), () -> "what is out of date keeps its note: " + a);
    for (Path file : a.files()) {
      String refusal = MigrationNotes.check().refusal(file).orElseThrow();
      assertTrue(refusal.startsWith("its guest has moved to tcp:b by a migration"), refusal);
      assertTrue(refusal.endsWith("delete " + file + ".migration.json"), refusal);
      String note = Files.readString(Path.of(file + ".migration.json"));
      assertTrue(note.contains(migration.proof.text()), "it carries the proof: " + note);
      assertFalse(note.contains("dependents"), "each is settled: " + note);
    }
  }

  @Test
  @DisplayName("so it is on the way back, on the way there once more, and whichever file decides")
  void thereAndBack() throws IOException {
    Machine a = machine("a", 3);
    Machine b = machine("b", 3);
    sides.migration(a, b).whole();
    sides.migration(b, a.reversed()).whole();
    sides.migration(a.reversed(), b.reversed()).whole();
    sides.migration(b, a).whole();
  }

  static List<Integer> changes() {
    List<Integer> changes = new ArrayList<>();
    for (int i = 1; i <= CHANGES; i++) {
      changes.add(i);
    }
    return changes;
  }

  /**
   * Ends both processes at a change; then does what the sentences say. Whichever side goes on then,
   * the guest can be sent there and back.
   */
  @ParameterizedTest(name = "change {0}")
  @MethodSource("changes")
  @DisplayName("after a crash at each change of a note there is a way on, and it is one side's")
  void killed(int change) throws IOException {
    Machine a = machine("a", 2);
    Machine b = machine("b", 2);
    Migration migration = sides.migration(a, b, change);
    assertThrows(Killed.class, migration::whole);
    migration.end();
    Set<Path> atSource = a.accepted(MigrationNotes.check(), a.files());
    if (!atSource.isEmpty()) {
      assertEquals(new TreeSet<>(a.files()), atSource);
      assertEquals(Set.of(), a.notes(), "a start tidies up");
      for (Path file : b.files()) {
        if (MigrationNotes.checkIncoming().refusal(file).isPresent()) {
          assertTrue(Files.readString(note(file)).contains("received"));
          Files.delete(note(file)); // the source has it
        }
      }
      sides.migration(a, b.reversed()).whole();
    } else {
      assertTrue(
          change > CHANGES - 2
              || b.accepted(MigrationNotes.check(), b.files()).isEmpty()
                  && b.accepted(MigrationNotes.checkIncoming(), b.files()).isEmpty(),
          "nobody overwrites the only good copy");
      for (Path file : b.files()) {
        Files.deleteIfExists(note(file)); // the source's note says moved
      }
    }
    sides.migration(b, a.reversed()).whole();
    sides.migration(a, b).whole();
  }

  private static Path note(Path file) {
    return Path.of(file + ".migration.json");
  }

  @Test
  @DisplayName("a killed process' commit that never was is removed by the next start")
  void whatWasAboutToBe() throws IOException {
    Machine a = machine("a", 1);
    Machine b = machine("b", 1);
    sides.migration(a, b).prepared();
    Path pending = Path.of(note(a.files().getFirst()) + ".new");
    assertTrue(Files.readString(pending).contains("moved"));
    assertEquals(Set.copyOf(a.files()), a.accepted(MigrationNotes.check(), a.files()));
    sides.close();
    Files.writeString(pending, "left");
    assertEquals(Set.copyOf(a.files()), a.accepted(MigrationNotes.check(), a.files()));
    assertEquals(Set.of(), a.notes());
  }

  @ParameterizedTest(name = "written: {0}")
  @ValueSource(booleans = {true, false})
  @DisplayName("a migration that ends before the commit leaves nothing at the source")
  void abandoned(boolean written) throws IOException {
    Machine a = machine("a", 3);
    Machine b = machine("b", 3);
    Migration migration = sides.migration(a, b);
    migration.destination.begin();
    migration.source.prepare();
    migration.source.abandon();
    assertEquals(Set.of(), a.notes());
    migration.destination.abandon(written);
    assertEquals(written ? 3 : 0, b.notes().size());
    assertEquals(
        written ? Set.of() : new TreeSet<>(b.files()),
        b.accepted(MigrationNotes.check(), b.files()));
    assertEquals(new TreeSet<>(b.files()), b.accepted(MigrationNotes.checkIncoming(), b.files()));
    sides.migration(a, b).whole();
  }

  @Test
  @DisplayName("what is whole stays refused until it is known whose the guest is")
  void wholeAndAbandoned() throws IOException {
    Machine a = machine("a", 2);
    Machine b = machine("b", 2);
    Migration migration = sides.migration(a, b).received();
    migration.destination.abandon(false);
    migration.destination.abandon(true);
    for (Path file : b.files()) {
      String refusal = MigrationNotes.check().refusal(file).orElseThrow();
      assertTrue(refusal.contains("received from tcp:a"), refusal);
      assertTrue(refusal.contains(Files.readString(note(file)).substring(14, 50)), refusal);
      assertTrue(MigrationNotes.checkIncoming().refusal(file).isPresent());
    }
    migration.destination.disown();
    migration.source.abandon();
    assertTrue(
        MigrationNotes.check()
            .refusal(b.files().getFirst())
            .orElseThrow()
            .contains("unfinished copy of memory backend 'nv0', which tcp:a was sending"));
    sides.migration(a, b).whole();
  }

  @ParameterizedTest(name = "before: {0}")
  @ValueSource(strings = {"none", "incoming", "moved", "leaving", "gone"})
  @DisplayName(
      "where nothing was written, what a file was before the guest was to come it is again")
  void asBefore(String before) throws IOException {
    Machine a = machine("a", 2);
    Machine b = machine("b", 2);
    Migration earlier = sides.migration(b, a);
    switch (before) {
      case "none" -> {}
      case "incoming" -> {
        Migration cutOff = sides.migration(a, b);
        cutOff.destination.begin();
        cutOff.destination.abandon(true);
      }
      case "moved" -> earlier.whole();
      case "leaving" -> earlier.prepared().source.close();
      case "gone" -> earlier.committed();
      default -> throw new AssertionError(before);
    }
    Set<Path> accepted = b.acceptedAfterACrash();
    DestinationNotes back =
        new DestinationNotes(b.noted(), new MigrationId(UUID.randomUUID(), "tcp:c", now()));
    back.begin();
    assertEquals(Set.of(), b.accepted(MigrationNotes.check(), b.files()));
    back.abandon(false);
    assertEquals(accepted, b.accepted(MigrationNotes.check(), b.files()));
    assertEquals(new TreeSet<>(b.files()), b.accepted(MigrationNotes.checkIncoming(), b.files()));
  }

  @Test
  @DisplayName("a guest that comes back to the deciding file alone does not make the others good")
  void backToOneFile() throws IOException {
    Machine a = machine("a", 3);
    Machine b = machine("b", 3);
    sides.migration(a, b).committed(); // and both processes end
    Machine first = new Machine("a", a.folder(), a.files().subList(0, 1));
    Machine sent = new Machine("b", b.folder(), b.files().subList(0, 1));
    for (Path file : b.files()) {
      Files.delete(note(file));
    }
    Migration back = sides.migration(sent, first);
    back.destination.begin();
    back.destination.received(back.proof.sha256());
    back.source.prepare();
    back.committing = true;
    back.source.commit();
    back.owning = true;
    back.destination.own();
    for (Path file : a.files().subList(1, 3)) {
      String refusal = MigrationNotes.check().refusal(file).orElseThrow();
      assertTrue(refusal.contains("moved to tcp:b"), refusal);
    }
    assertEquals(Set.of(a.files().getFirst()), a.accepted(MigrationNotes.check(), a.files()));
  }

  @Test
  @DisplayName("nor does it come to the deciding file while another one's disk is away")
  void anotherDiskIsAway() throws IOException {
    Machine a = machine("a", 2);
    Machine b = machine("b", 2);
    sides.migration(a, b).committed();
    Path away = Files.createDirectory(a.folder().resolve("unmounted"));
    Path second = a.files().get(1);
    Files.move(second, away.resolve("image"));
    Files.move(note(second), away.resolve("note"));
    DestinationNotes back =
        new DestinationNotes(
            a.noted().subList(0, 1), new MigrationId(UUID.randomUUID(), "b", now()));
    String reason = assertThrows(IOException.class, back::begin).getMessage();
    assertTrue(reason.contains(second.toString()), reason);
    assertTrue(reason.contains("mount what it is on"), reason);
    assertTrue(MigrationNotes.check().refusal(a.files().getFirst()).isPresent());
    Files.move(away.resolve("image"), second);
    Files.move(away.resolve("note"), note(second));
    back.begin();
    assertTrue(MigrationNotes.check().refusal(second).orElseThrow().contains("moved to tcp:b"));
  }

  private static Instant now() {
    return Instant.ofEpochSecond(99);
  }

  @ParameterizedTest(name = "the deciding note: {0}")
  @CsvSource({
    "none, ",
    "moved, moved to tcp:b",
    "other, ",
    "missing, 'is not there'",
    "garbage, 'is no note of a migration'",
    "link, 'is a symbolic link'",
    "folder, 'is a directory'",
    "far, can't be looked at"
  })
  @DisplayName(
      "a file that was leaving is what the deciding note says, and refused if that can't be")
  void leaving(String deciding, String refusal) throws IOException {
    Machine a = machine("a", 2);
    Machine b = machine("b", 2);
    Path decides = a.files().getFirst();
    Path other = a.files().get(1);
    Migration migration = sides.migration(a, b).prepared();
    switch (deciding) {
      case "none" -> {}
      case "moved" -> {
        migration.committing = true;
        migration.source.commit();
      }
      case "other" -> {
        migration.source.close();
        new DestinationNotes(
                a.noted().subList(0, 1), new MigrationId(UUID.randomUUID(), "c", now()))
            .begin();
      }
      case "missing" -> Files.delete(decides);
      case "garbage" -> Files.writeString(note(decides), "{");
      case "link" -> Files.createSymbolicLink(note(decides), note(other));
      case "folder" -> Files.createDirectory(note(decides));
      case "far" ->
          Files.writeString(
              note(other),
              Files.readString(note(other))
                  .replace(a.folder().toString(), a.folder() + "/" + "x".repeat(300)));
      default -> throw new AssertionError(deciding);
    }
    String before = Files.readString(note(other));
    String found = MigrationNotes.check().refusal(other).orElse("");
    if (refusal == null) {
      assertEquals("", found);
      assertFalse(Files.exists(note(other)), "it does not matter any more");
      return;
    }
    assertTrue(found.contains(refusal), found);
    assertTrue(found.endsWith("delete " + note(other)), found);
    boolean known = deciding.equals("moved");
    assertEquals(known, MigrationNotes.checkIncoming().refusal(other).isEmpty());
    assertEquals(known, !before.equals(Files.readString(note(other))), "it says so itself now");
    Files.delete(note(other));
    assertEquals(Optional.empty(), MigrationNotes.check().refusal(other));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "incoming, false, true",
    "received, false, false",
    "leaving, true, true",
    "moved, false, false"
  })
  @DisplayName("a file that is not there is not made anew and empty, unless nothing of it was good")
  void missing(String state, boolean start, boolean incoming) throws IOException {
    Machine a = machine("a", 2);
    Machine b = machine("b", 2);
    Migration migration = sides.migration(a, b);
    Path file =
        switch (state) {
          case "incoming" -> {
            migration.destination.begin();
            yield b.files().get(1);
          }
          case "received" -> migration.received().to.files().get(1);
          case "leaving" -> migration.prepared().from.files().get(1);
          case "moved" -> migration.whole().from.files().get(1);
          default -> throw new AssertionError(state);
        };
    assertEquals(start, MigrationNotes.check().refusal(file).isEmpty());
    Files.delete(file);
    boolean forgotten = state.equals("incoming") || start;
    assertEquals(forgotten, MigrationNotes.check().refusal(file).isEmpty());
    assertEquals(
        incoming || state.equals("moved"), MigrationNotes.checkIncoming().refusal(file).isEmpty());
    assertEquals(!forgotten, Files.exists(note(file)));
    if (!forgotten) {
      String refusal = MigrationNotes.check().refusal(file).orElseThrow();
      assertTrue(refusal.startsWith("it is not there any more, and it"), refusal);
      Files.delete(note(file));
      assertEquals(Optional.empty(), MigrationNotes.check().refusal(file));
    }
  }

  @Test
  @DisplayName("a start, which locks one file after the other, removes what a killed source left")
  void startInOrder() throws IOException {
    for (int first : List.of(0, 1)) {
      Machine a = machine("a", 2);
      Migration migration = sides.migration(a, machine("b", 2));
      migration.prepared().source.close();
      Path locked = a.files().get(first);
      assertEquals(Optional.empty(), MigrationNotes.check().refusal(locked));
      try (FoundFile found = FoundFile.at(locked).orElseThrow();
          HeldFile _ = found.hold().orElseThrow()) {
        assertEquals(Optional.empty(), MigrationNotes.check().refusal(a.files().get(1 - first)));
        assertEquals(Set.of(), a.notes());
      }
    }
  }

  @Test
  @DisplayName(
      "a file that a reboot takes away doesn't decide: it could come back without its note")
  void filesInMemory() throws IOException {
    Path disk = Storage.disk().newFolder();
    folders.add(disk);
    Path kept = Files.writeString(disk.resolve("kept"), "K");
    Machine a = machine("a", 1);
    Path lost = a.files().getFirst();
    SourceNotes source = source(new Machine("a", a.folder(), List.of(lost, kept)));
    source.prepare();
    source.commit();
    assertTrue(Files.readString(note(lost)).contains("leaving"));
    Files.delete(lost);
    Files.delete(note(lost));
    Files.writeString(lost, "made anew");
    assertTrue(MigrationNotes.check().refusal(kept).isPresent());
  }

  @Test
  @DisplayName("a machine without a file that takes notes migrates all the same")
  void noFiles() throws IOException {
    Machine a = machine("a", 0);
    Machine b = machine("b", 0);
    assertEquals(0, sides.migration(a, b).whole().changes);
    sides.migration(b, a).source.abandon();
    sides.migration(b, a).destination.abandon(true);
  }

  @Test
  @DisplayName("a file that two regions have, by whatever path, has one note")
  void twoPaths() throws IOException {
    Machine a = machine("a", 1);
    Path link = Files.createSymbolicLink(a.folder().resolve("link"), a.files().getFirst());
    Machine twice = new Machine("a", a.folder(), List.of(a.files().getFirst(), link));
    SourceNotes source = source(twice);
    source.prepare();
    source.commit();
    source.end();
    assertEquals(Set.of("a0.img.migration.json"), twice.notes());
    assertTrue(MigrationNotes.check().refusal(link).orElseThrow().contains("moved to tcp:x"));
  }

  @Test
  @DisplayName("a commit that can't be made ready is an error of who calls, one that fails is none")
  void commitFails() throws IOException {
    Machine a = machine("a", 2);
    Migration migration = sides.migration(a, machine("b", 2));
    assertThrows(IllegalStateException.class, migration.source::commit);
    migration.source.prepare();
    Files.delete(Path.of(note(a.files().getFirst()) + ".new"));
    assertThrows(IOException.class, migration.source::commit);
    migration.source.end();
    migration.look();
    migration.source.abandon();
    assertEquals(Set.of(), a.notes());
  }

  @Test
  @DisplayName("after a commit that the destination never learns of the guest can be taken back")
  void takenBack() throws IOException {
    Machine a = machine("a", 3);
    SourceNotes source = source(a);
    source.prepare();
    source.commit();
    source.end();
    assertEquals(Set.of(), a.acceptedAfterACrash());
    SourceNotes second = source(a);
    String reason = assertThrows(IOException.class, second::prepare).getMessage();
    assertTrue(reason.contains("is not here, though it runs"), reason);
    second.abandon();
    assertEquals(Set.of(), a.acceptedAfterACrash(), "another migration's notes are not its own");
    source.abandon();
    assertEquals(Set.of(), a.notes());
    assertEquals(new TreeSet<>(a.files()), a.acceptedAfterACrash());
  }

  private static SourceNotes source(Machine machine) {
    return new SourceNotes(
        machine.noted(), new MigrationId(UUID.randomUUID(), "tcp:x", now()), Proof.random());
  }

  @Test
  @DisplayName("a proof is known by its digest, and not shown with it")
  void proof() {
    Proof proof = Proof.random();
    assertFalse(proof.equals(Proof.random()));
    assertFalse(proof.toString().contains(proof.text()));
    assertEquals(
        "60e05bd1b195af2f94112fa7197a5c88289058840ce7c6df9693756bc6250f55",
        new Proof("0".repeat(64)).sha256());
    assertThrows(IllegalArgumentException.class, () -> new Proof("0"));
    assertThrows(IllegalArgumentException.class, () -> new Proof("A".repeat(64)));
  }
}
