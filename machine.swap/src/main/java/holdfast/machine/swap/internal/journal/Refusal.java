package holdfast.machine.swap.internal.journal;

import holdfast.host.linux.files.FoundFile;
import holdfast.host.linux.files.NoteFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Decides whether a file must not be used to start from, from what was found beside it alone.
 *
 * @param exists whether the file exists
 * @param own the note beside it as the new file of a swap
 * @param live whether that swap is under way
 * @param left the note beside it as the old file of a swap
 * @param theirs the content of the note beside that swap's new file
 * @param ownNote the path of the note beside it as the new file
 * @param leftNote the path of the note beside it as the old file
 * @param theirNote the path that the note beside that swap's new file would have
 */
record Refusal(
    boolean exists,
    Optional<Marker> own,
    boolean live,
    Optional<Marker> left,
    Optional<Marker> theirs,
    Path ownNote,
    Path leftNote,
    Optional<Path> theirNote) {

  /** The description of a side of the swap that is not in a file. */
  private static final String MEMORY = "memory that is gone";

  /** Reads the notes that are there. */
  static Refusal of(Path path) {
    Path file = FoundFile.realPath(path);
    Note own = Note.ofNew(file);
    Note left = Note.ofOld(file);
    Optional<Marker> ownMarker = own.read();
    Optional<Marker> leftMarker = left.read();
    Optional<Note> theirs =
        switch (leftMarker.orElse(null)) {
          case Marker.Copying copying -> copying.swap().to().map(Note::ofNew);
          case Marker.Switching switching -> switching.swap().to().map(Note::ofNew);
          case null, default -> Optional.empty();
        };
    return new Refusal(
        Files.exists(file),
        ownMarker,
        ownMarker.isPresent() && own.isLive(),
        leftMarker,
        theirs.flatMap(Note::read),
        own.path(),
        left.path(),
        theirs.map(Note::path));
  }

  /**
   * Returns why the file must not be used, as half a sentence about it; empty if it may be used.
   */
  Optional<String> sentence() {
    if (own.isPresent()) {
      switch (own.get()) {
        case Marker.Unreadable(String reason) -> {
          return Optional.of(
              "whether it is the unfinished copy of a swap is not known, since "
                  + NoteFile.shown(ownNote)
                  + " "
                  + reason
                  + ": look at that, and to use this file all the same, delete it");
        }
        case Marker.Copying(SwapId swap) when live -> {
          return Optional.of(
              (exists ? "it is the unfinished copy of " : "it is to be the copy of ")
                  + words(swap.from(), "memory")
                  + ", of a swap that is under way: name another file, or wait for its end");
        }
        case Marker.Copying(SwapId swap) when exists -> {
          return Optional.of(unfinished(swap));
        }
        case Marker.Written _ -> {
          if (!exists) {
            return Optional.empty(); // the new file is gone
          }
        }
      }
    }
    return left.flatMap(this::outOfDate);
  }

  private String unfinished(SwapId swap) {
    return "it is the unfinished copy of "
        + words(swap.from(), MEMORY)
        + ", of a swap that was cut off on "
        + swap.started()
        + ": "
        + swap.from().map(Refusal::advice).orElse("")
        + "delete this file and "
        + NoteFile.shown(ownNote);
  }

  private Optional<String> outOfDate(Marker away) {
    return switch (away) {
      case Marker.Moved(SwapId swap, Optional<Marker.Content> _) -> Optional.of(moved(swap));
      case Marker.Switching(SwapId swap) when theirs.equals(complete(swap)) ->
          Optional.of(moved(swap));
      case Marker.Copying(SwapId swap) when theirs.equals(complete(swap)) ->
          Optional.of(moved(swap));
      case Marker.Switching(SwapId swap) when !theirs.equals(copying(swap)) ->
          Optional.of(undecided(swap));
      case Marker.Switching _, Marker.Copying _ -> Optional.empty();
      case Marker.Complete _ -> throw new IllegalStateException("no old file's note says this");
      case Marker.Unreadable(String reason) ->
          Optional.of(
              "whether a swap moved its content elsewhere is not known, since "
                  + NoteFile.shown(leftNote)
                  + " "
                  + reason
                  + ": look at that, and to use this file all the same, delete it");
    };
  }

  private static Optional<Marker> complete(SwapId swap) {
    return Optional.of(new Marker.Complete(swap));
  }

  private static Optional<Marker> copying(SwapId swap) {
    return Optional.of(new Marker.Copying(swap));
  }

  private String moved(SwapId swap) {
    return (exists ? "" : "it is not there any more, and ")
        + "its content was moved to "
        + words(swap.to(), MEMORY)
        + " by a swap on "
        + swap.started()
        + (exists ? ", and this file is out of date" : "")
        + ": "
        + swap.to().map(Refusal::advice).orElse("")
        + (exists ? "to use the old content all the same" : "to begin with an empty file")
        + ", delete "
        + NoteFile.shown(leftNote);
  }

  /** Returns what to do first; a start from a file that is not there would make an empty one. */
  private static String advice(Path good) {
    return "start with mem-path="
        + NoteFile.shown(good)
        + (Files.notExists(good) ? " once that is there again, for now it is not; or, " : "; or, ");
  }

  private String undecided(SwapId swap) {
    String why =
        switch (theirs.orElse(null)) {
          case null -> "can't be found";
          case Marker.Unreadable(String reason) -> reason;
          case Marker.Written _ -> "is another swap's";
        };
    return "it was being swapped to "
        + words(swap.to(), MEMORY)
        + ", and whether that took place is not known, since "
        + theirNote.map(NoteFile::shown).orElse("its note")
        + " "
        + why
        + ": mount what it is on; or, to use this file all the same, delete "
        + NoteFile.shown(leftNote);
  }

  private static String words(Optional<Path> path, String otherwise) {
    return path.map(NoteFile::shown).orElse(otherwise);
  }
}
