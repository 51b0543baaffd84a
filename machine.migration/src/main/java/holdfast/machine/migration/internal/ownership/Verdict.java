package holdfast.machine.migration.internal.ownership;

import holdfast.host.linux.files.FoundFile;
import holdfast.host.linux.files.NoteFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.LoggerFactory;

/** Whether the guest has left a file whose own note refers to that of another file. */
sealed interface Verdict {

  /** It is here: the migration never came to its commit. */
  record Here() implements Verdict {}

  /** It has left. */
  record Gone(Proof proof) implements Verdict {
    /** Returns the note that says so itself. */
    Note.Moved settled(Note.Leaving leaving) {
      return new Note.Moved(leaving.migration(), leaving.region(), proof, List.of());
    }
  }

  /**
   * Nobody can tell.
   *
   * @param reason a clause that names what can't be looked at
   */
  record Unknown(String reason) implements Verdict {}

  /** Looks at the note that decides. */
  static Verdict of(Note.Leaving leaving) {
    Path file = leaving.decides();
    try {
      if (FoundFile.status(file).isEmpty()) {
        // where its disk is not mounted there is no note either, and that says nothing
        return new Unknown(NoteFile.shown(file) + ", whose note decides, is not there");
      }
    } catch (IOException e) {
      LoggerFactory.getLogger(Verdict.class).debug("{}", e.toString());
      return new Unknown(NoteFile.shown(file) + ", whose note decides, can't be looked at");
    }
    ImageNote decides = ImageNote.beside(file);
    return switch (decides.read().orElse(null)) {
      case Note.Moved moved when moved.migration().isSame(leaving.migration()) ->
          new Gone(moved.proof());
      case Note.Unreadable(String reason) ->
          new Unknown(NoteFile.shown(decides.path()) + " " + reason);
      case Note.Written _ -> new Here();
      case null -> new Here();
    };
  }

  /**
   * Makes the notes that depend on one that says {@code moved} say so themselves, so that it can be
   * replaced or removed.
   *
   * @param changed called after each change of a note
   * @throws IOException if a file that may depend on it can't be seen to; the message names it and
   *     says what to do
   */
  static void settle(ImageNote note, Note.Moved moved, Runnable changed) throws IOException {
    if (moved.dependents().isEmpty()) {
      return;
    }
    for (Path file : moved.dependents()) {
      settle(note, moved, file, changed);
    }
    note.write(moved.settled());
    changed.run();
  }

  private static void settle(ImageNote by, Note.Moved moved, Path file, Runnable changed)
      throws IOException {
    ImageNote dependent = ImageNote.beside(file);
    Optional<Note> found = dependent.read();
    if (found.isEmpty() && FoundFile.status(file).isEmpty()
        || found.orElse(null) instanceof Note.Unreadable) {
      throw new IOException(
          "whether the guest has left "
              + NoteFile.shown(file)
              + ", too, is recorded in "
              + NoteFile.shown(by.path())
              + " alone, and that file or its note can't be looked at: mount what it is on, or, if"
              + " it is gone for good, delete that note");
    }
    if (found.orElse(null) instanceof Note.Leaving leaving
        && leaving.migration().isSame(moved.migration())) {
      dependent.write(new Gone(moved.proof()).settled(leaving));
      changed.run();
    }
  }
}
