package holdfast.machine.migration.internal.ownership;

import static holdfast.host.linux.files.NoteFile.shown;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Decides whether a file must not be used to start from, from what was found beside it alone.
 *
 * @param exists whether the file exists
 * @param own the note beside it
 * @param verdict what the deciding file's note says; empty unless the note beside it refers to one
 * @param path the path of the note beside it
 */
record Refusal(boolean exists, Optional<Note> own, Optional<Verdict> verdict, Path path) {

  /** Reads the notes that are there. */
  static Refusal of(ImageNote note) {
    Optional<Note> own = note.read();
    Optional<Verdict> verdict =
        own.orElse(null) instanceof Note.Leaving leaving
            ? Optional.of(Verdict.of(leaving))
            : Optional.empty();
    return new Refusal(Files.exists(note.file()), own, verdict, note.path());
  }

  /**
   * Returns why the file must not be used, as half a sentence about it; empty if it may be used.
   */
  Optional<String> sentence() {
    return switch (own.orElse(null)) {
      case null -> Optional.empty();
      case Note.Unreadable(String reason) -> Optional.of(unreadable(reason));
      case Note.Incoming incoming -> exists ? Optional.of(unfinished(incoming)) : Optional.empty();
      case Note.Received received -> Optional.of(received(received));
      case Note.Moved moved -> Optional.of(moved(moved));
      case Note.Leaving leaving -> left(leaving);
    };
  }

  /**
   * Returns why a guest must not be taken into the file, which overwrites it, as half a sentence
   * about it; empty if that can be done.
   */
  Optional<String> sentenceForIncoming() {
    return switch (own.orElse(null)) {
      case Note.Incoming _, Note.Moved _ -> Optional.empty();
      case Note.Leaving _ when verdict.orElse(null) instanceof Verdict.Gone -> Optional.empty();
      case null, default -> sentence();
    };
  }

  private Optional<String> left(Note.Leaving leaving) {
    return switch (verdict.orElseThrow()) {
      case Verdict.Here _ -> Optional.empty();
      case Verdict.Gone _ -> Optional.of(moved(leaving));
      case Verdict.Unknown(String reason) -> Optional.of(undecided(leaving, reason));
    };
  }

  private String unreadable(String reason) {
    return "whether its guest is here is not known, since "
        + shown(path)
        + " "
        + reason
        + ": look at that, and to use this file all the same, delete it";
  }

  private String unfinished(Note.Incoming note) {
    return "it is the unfinished copy of "
        + backend(note)
        + ", which "
        + from(note)
        + " was sending in "
        + migration(note)
        + ": let it be sent again, to a machine that is started with -incoming; or delete this file"
        + " and "
        + shown(path);
  }

  private String received(Note.Received note) {
    return (exists ? "" : "it is not there any more, and ")
        + "it was received from "
        + from(note)
        + " in "
        + migration(note)
        + ", and whether the guest has left there is not known here: if a note *.migration.json"
        + " beside a file there says moved for the migration "
        + note.migration().id()
        + ", or nothing of the guest is left there, "
        + (exists
            ? "this file is the good one, and to start from it, delete "
                + shown(path)
                + "; if the guest goes on there, delete this file and that note"
            : "what was here was the good one; if the guest goes on there, or to begin with an"
                + " empty file, delete "
                + shown(path));
  }

  private String moved(Note.Written note) {
    return (exists ? "" : "it is not there any more, and ")
        + "its guest has moved to "
        + from(note)
        + " by "
        + migration(note)
        + (exists ? ", and this file is out of date" : "")
        + ": start the machine that took it in; or, "
        + (exists ? "to use the old content all the same" : "to begin with an empty file")
        + ", delete "
        + shown(path);
  }

  private String undecided(Note.Leaving note, String reason) {
    return "its guest was leaving for "
        + from(note)
        + " by "
        + migration(note)
        + ", and whether it has left is not known, since "
        + reason
        + ": mount what "
        + shown(note.decides())
        + " is on, or look at its note; or, to use this file all the same, delete "
        + shown(path);
  }

  private static String backend(Note.Written note) {
    return "memory backend '" + note.region() + "'";
  }

  private static String from(Note.Written note) {
    return shown(note.migration().peer());
  }

  private static String migration(Note.Written note) {
    return "a migration that began on " + note.migration().started();
  }
}
