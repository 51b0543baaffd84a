package holdfast.machine.swap.internal.journal;

import holdfast.host.linux.FileStatus;
import holdfast.host.linux.files.FoundFile;
import holdfast.host.linux.files.PendingFile;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A note beside a file. It is trusted if it is a regular file that belongs to the file's owner, to
 * root or to this process' user, has a reasonable length, and has the content of such a note.
 * Reading it never blocks.
 *
 * @param file the file that it is about, without symbolic links
 * @param kind what it says about that file
 */
record Note(Path file, Kind kind) {
  private static final Logger LOG = LoggerFactory.getLogger(Note.class);

  /** Enough for two paths of the greatest length with each byte escaped. */
  private static final int LONGEST = 64 << 10;

  private static final int ROOT = 0;

  /** Appended to a note's name for one that is about to take its place. */
  private static final String PENDING = ".new";

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

  /** Returns the note beside the new file of a swap, and not beside a symbolic link to it. */
  static Note ofNew(Path file) {
    return new Note(FilePlace.real(file), Kind.OF_NEW);
  }

  /** Returns the note beside the old file of a swap, and not beside a symbolic link to it. */
  static Note ofOld(Path file) {
    return new Note(FilePlace.real(file), Kind.OF_OLD);
  }

  /** Returns its path. */
  Path path() {
    return file.resolveSibling(file.getFileName() + kind.suffix);
  }

  /** Returns its content; empty if it doesn't exist. */
  Optional<Marker> read() {
    try (FoundFile found = FoundFile.at(path()).orElse(null)) {
      return found == null ? Optional.empty() : Optional.of(read(found));
    } catch (IOException e) {
      return Optional.of(unreadable("can't be read: " + reason(e)));
    }
  }

  private Marker read(FoundFile found) throws IOException {
    FileStatus status = found.status();
    if (status.type() != FileStatus.Type.REGULAR) {
      return unreadable("is " + status.type() + ", and not a regular file");
    }
    if (!found.isOurs() && !isTrusted(status.owner())) {
      return unreadable(
          "belongs to user "
              + Integer.toUnsignedString(status.owner())
              + ", who is neither root nor who owns "
              + Refusal.shown(file)
              + " or runs this");
    }
    if (status.size() > LONGEST) {
      return unreadable("is no note of a swap: it is " + status.size() + " bytes long");
    }
    try {
      Marker.Written marker = MarkerJson.read(found.read(LONGEST));
      return kind.canSay(marker)
          ? marker
          : unreadable("is no note of a swap: its state belongs on the other side of one");
    } catch (MarkerJson.MalformedException e) {
      return unreadable("" + e.getMessage());
    }
  }

  private boolean isTrusted(int owner) throws IOException {
    return owner == ROOT
        || FoundFile.status(file).map(status -> status.owner() == owner).orElse(false);
  }

  private Marker.Unreadable unreadable(String reason) {
    LOG.debug("{} {}", path(), reason);
    return new Marker.Unreadable(reason);
  }

  private static String reason(IOException e) {
    String reason = e instanceof FileSystemException file ? file.getReason() : e.getMessage();
    return Objects.requireNonNullElse(reason, e.getClass().getSimpleName());
  }

  /**
   * Returns whether the swap that wrote it is under way, in this process or another, and so keeps
   * its new file's note locked. Returns true if that can't be found out.
   */
  boolean isLive() {
    try (FoundFile found = FoundFile.at(path()).orElse(null)) {
      return found != null && found.status().type() == FileStatus.Type.REGULAR && found.isLocked();
    } catch (IOException e) {
      LOG.info("whether the swap of {} is under way is not known: {}", path(), e.toString());
      return true;
    }
  }

  /** Writes it as a whole and durably, and replaces any existing note. */
  void write(Marker.Written marker) throws IOException {
    PendingFile.replace(path(), MarkerJson.write(marker));
  }

  /** Begins a file that is to take the place of the note at a path. */
  static PendingFile pending(Path path) throws IOException {
    return PendingFile.beside(path, PENDING);
  }

  /** Removes what a killed process was about to replace the note at a path with. */
  static void forgetPending(Path path) throws IOException {
    PendingFile.removeLeftover(path, PENDING);
  }

  /** Removes it, durably. */
  void remove() throws IOException {
    PendingFile.remove(path());
  }

  /** Removes it if possible, and what a killed process was about to replace it with. */
  void forget() {
    try {
      remove();
      forgetPending(path());
    } catch (IOException e) {
      LOG.info("{} stays behind: {}", path(), e.toString());
    }
  }
}
