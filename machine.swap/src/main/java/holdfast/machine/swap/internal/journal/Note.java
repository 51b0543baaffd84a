package holdfast.machine.swap.internal.journal;

import holdfast.host.linux.files.NoteFile;
import holdfast.host.linux.files.PendingFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A note beside a file. It is trusted as {@link NoteFile} says, if it has the content of such a
 * note. Reading it never blocks.
 *
 * @param text the note as text
 * @param kind what it says about its file
 */
record Note(NoteFile text, Kind kind) {
  private static final Logger LOG = LoggerFactory.getLogger(Note.class);

  /** The kinds of note. */
  enum Kind {
    /** Beside the new file of a swap: whether it is complete. */
    OF_NEW(".swap-from.json"),
    /** Beside the old file of a swap: whether its content is out of date. */
    OF_OLD(".swap-to.json");

    private final String suffix;

    Kind(String suffix) {
      this.suffix = suffix;
    }

    private boolean canSay(Marker.Written marker) {
      return switch (marker) {
        case Marker.Copying _ -> true;
        case Marker.Complete _ -> this == OF_NEW;
        case Marker.Switching _, Marker.Moved _ -> this == OF_OLD;
      };
    }
  }

  private Note(Path file, Kind kind) {
    this(NoteFile.beside(file, kind.suffix, "note of a swap"), kind);
  }

  /** Returns the note beside the new file of a swap, and not beside a symbolic link to it. */
  static Note ofNew(Path file) {
    return new Note(file, Kind.OF_NEW);
  }

  /** Returns the note beside the old file of a swap, and not beside a symbolic link to it. */
  static Note ofOld(Path file) {
    return new Note(file, Kind.OF_OLD);
  }

  /** Returns the file that it is about, without symbolic links. */
  Path file() {
    return text.file();
  }

  /** Returns its path. */
  Path path() {
    return text.path();
  }

  /** Returns its content; empty if it doesn't exist. */
  Optional<Marker> read() {
    return text.read()
        .map(
            content ->
                switch (content) {
                  case NoteFile.Content.Trusted(byte[] bytes) -> read(bytes);
                  case NoteFile.Content.Untrusted(String reason) -> unreadable(reason);
                });
  }

  private Marker read(byte[] bytes) {
    try {
      Marker.Written marker = MarkerJson.read(bytes);
      return kind.canSay(marker)
          ? marker
          : unreadable("is no note of a swap: its state belongs on the other side of one");
    } catch (MarkerJson.MalformedException e) {
      return unreadable("" + e.getMessage());
    }
  }

  private Marker.Unreadable unreadable(String reason) {
    LOG.debug("{} {}", path(), reason);
    return new Marker.Unreadable(reason);
  }

  /**
   * Returns whether the swap that wrote it is under way, in this process or another, and so keeps
   * its new file's note locked. Returns true if that can't be found out.
   */
  boolean isLive() {
    return text.isLive();
  }

  /** Writes it as a whole and durably, and replaces any existing note. */
  void write(Marker.Written marker) throws IOException {
    text.write(MarkerJson.write(marker));
  }

  /** Writes the file that is to take its place. */
  PendingFile pending(Marker.Written marker) throws IOException {
    return text.pending(MarkerJson.write(marker));
  }

  /** Removes it, durably. */
  void remove() throws IOException {
    text.remove();
  }

  /** Removes it if possible, and what a killed process was about to replace it with. */
  void forget() {
    text.forget();
  }
}
