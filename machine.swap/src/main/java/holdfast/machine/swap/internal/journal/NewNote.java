package holdfast.machine.swap.internal.journal;

import holdfast.host.linux.files.FoundFile;
import holdfast.host.linux.files.HeldFile;
import holdfast.host.linux.files.PendingFile;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The note beside a swap's new file, which the swap keeps locked from its beginning to its end.
 * Therefore, of two swaps to one file, in one process or in two, the second is refused before it
 * has touched anything; and a note that a killed process left can be distinguished from one that is
 * in use.
 *
 * <p>Not thread-safe.
 */
final class NewNote implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NewNote.class);

  private static final int ATTEMPTS = 16;

  private final Note note;
  private @Nullable HeldFile held;

  /** What {@link #prepare} made; it has the note's name and a suffix. */
  private @Nullable PendingFile prepared;

  private Marker.@Nullable Written preparedMarker;

  /**
   * @param file the new file
   */
  NewNote(Path file) {
    note = Note.ofNew(file);
  }

  /** Returns the note. */
  Note note() {
    return note;
  }

  /**
   * Takes the note, which says {@code marker} from now on. An existing note is taken over unless
   * the swap that wrote it is under way.
   *
   * @throws IOException if another swap has it, or it can't be written; then it is unchanged,
   *     unless the new note has already taken its name
   */
  void claim(Marker.Copying marker) throws IOException {
    release();
    requireNotInUse(); // or the other swap's pending note would be met first, and told of instead
    try (PendingFile fresh = note.pending(marker)) {
      try {
        claim(fresh);
      } finally {
        keep(fresh);
      }
    }
  }

  /**
   * Checks that no other swap has the note. Only asks: a lock for an instant could refuse a swap
   * that has just won the note, so that none would begin.
   */
  private void requireNotInUse() throws IOException {
    try (FoundFile found = FoundFile.at(note.path()).orElse(null)) {
      if (found != null && isLocked(found)) {
        throw inUse();
      }
    }
  }

  private boolean isLocked(FoundFile found) throws IOException {
    try {
      return found.isLocked();
    } catch (IOException e) {
      throw unknown(e);
    }
  }

  private void claim(PendingFile fresh) throws IOException {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      try (FoundFile found = FoundFile.at(note.path()).orElse(null)) {
        if (found == null) {
          fresh.becomeTarget();
          return;
        }
        if (takeOver(fresh, found)) {
          return;
        }
      } catch (FileAlreadyExistsException e) {
        continue; // another process was faster: is its swap under way?
      }
    }
    throw new IOException(note.path() + " keeps changing: find out who writes it");
  }

  /** Returns whether the note that was found is still there and was taken over. */
  private boolean takeOver(PendingFile fresh, FoundFile found) throws IOException {
    try (HeldFile stale = hold(found)) {
      if (!stale.isAt(note.path())) {
        return false;
      }
      requireStale();
      fresh.replaceTarget();
      return true;
    }
  }

  private HeldFile hold(FoundFile found) throws IOException {
    Optional<HeldFile> stale;
    try {
      stale = found.hold();
    } catch (IOException e) {
      throw unknown(e);
    }
    return stale.orElseThrow(this::inUse);
  }

  private IOException unknown(IOException e) {
    return new IOException(
        "whether a swap to "
            + note.file()
            + " is under way is not known ("
            + e.getMessage()
            + "): name another file, or, if none is, delete "
            + note.path(),
        e);
  }

  /**
   * Checks that there is no note or that it says {@code copying}: any other must be settled before
   * it is replaced.
   */
  private void requireStale() throws IOException {
    Optional<Marker> now = note.read();
    if (now.isPresent() && !(now.get() instanceof Marker.Copying)) {
      throw new IOException(note.path() + " was changed meanwhile: try again");
    }
  }

  private IOException inUse() {
    String source =
        note.read()
            .filter(Marker.Written.class::isInstance)
            .map(marker -> ((Marker.Written) marker).swap())
            .map(swap -> swap.from().map(Path::toString).orElse("memory of another swap"))
            .orElse("another memory backend");
    return new IOException(
        note.file() + " is what " + source + " is being swapped to: name another file");
  }

  /**
   * Makes ready what a later {@link #write} of the same marker puts in place, so that this takes
   * less time.
   */
  void prepare(Marker.Written marker) throws IOException {
    forgetPrepared();
    PendingFile fresh = note.pending(marker);
    prepared = fresh;
    preparedMarker = marker;
    fresh.sync();
  }

  /** Takes what was prepared; null if that is another marker, or none. */
  private @Nullable PendingFile prepared(Marker.Written marker) throws IOException {
    PendingFile ready = prepared;
    if (ready == null || !marker.equals(preparedMarker)) {
      forgetPrepared();
      return null;
    }
    prepared = null;
    return ready;
  }

  private void forgetPrepared() throws IOException {
    PendingFile unused = prepared;
    prepared = null;
    if (unused != null) {
      unused.close();
    }
  }

  /** Replaces the content, as a whole and durably. */
  void write(Marker.Written marker) throws IOException {
    PendingFile ready = prepared(marker);
    try (PendingFile fresh = ready == null ? note.pending(marker) : ready) {
      try {
        fresh.replaceTarget();
      } finally {
        keep(fresh);
      }
    }
  }

  /** Keeps the lock of the file that is now at the note's path. */
  private void keep(PendingFile fresh) {
    if (fresh.bearsTarget()) {
      release();
      held = fresh.keepHeld();
    }
  }

  /** Releases the lock, as the end of the process would; the note stays. */
  @Override
  public void close() {
    try {
      forgetPrepared();
    } catch (IOException e) {
      LOG.warn("what was prepared for {} stays behind: {}", note.path(), e.toString());
    }
    release();
  }

  private void release() {
    HeldFile before = held;
    if (before != null) {
      held = null;
      before.close();
    }
  }
}
