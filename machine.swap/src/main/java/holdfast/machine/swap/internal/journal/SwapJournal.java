package holdfast.machine.swap.internal.journal;

import holdfast.backend.api.BackendId;
import holdfast.host.linux.files.NoteFile;
import holdfast.host.linux.files.PendingFile;
import holdfast.machine.swap.internal.journal.GivenWarnings.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records which of the two files of a swap is the valid one, so that this is known after a crash.
 * The record is two small files, one beside the new file and one beside the old; each is written as
 * a whole and made durable before the swap continues.
 *
 * <p>The note beside the <em>new</em> file decides: as long as it says {@code copying}, the new
 * file is an unfinished copy and the old one is valid; from {@code complete} on the new one is
 * valid. It is locked while the swap is under way, so that no other swap to that file begins. The
 * note beside the <em>old</em> file refers to it. It says {@code copying} until shortly before the
 * switch, while the old file is valid in any case, and then {@code switching}: from then on the old
 * file is refused unless the new one's note can be read and says that it is not complete. At the
 * end the old file's note says {@code moved} and stays, and the new file's note is removed. If no
 * note can be beside the new side, writing {@code moved} is the moment of the switch.
 *
 * <p>Used by one thread. What the notes mean to whoever comes later is in {@link ImageNotes}.
 */
public final class SwapJournal implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SwapJournal.class);

  private final SwapId swap;
  private final Side from;
  private final Side to;
  private final GivenWarnings warnings;
  private final Runnable changed;
  private final @Nullable NewNote fresh;

  /** The old file's next note, if the switch is recorded there; it has a suffix until then. */
  private @Nullable PendingFile preparedMoved;

  /** Whether the note beside the new file may have been written. */
  private boolean begun;

  /** Whether the new file was already not to be used before the swap. */
  private boolean replaced;

  /** The note that an earlier swap away from the new file had left beside it. */
  private Optional<Marker.Moved> movedAway = Optional.empty();

  /**
   * @param from where the bytes are
   * @param to where they go
   * @param started distinguishes this swap from others between the same files
   * @param warnings those that earlier swaps have given
   */
  public SwapJournal(
      BackendId region, Side from, Side to, Instant started, GivenWarnings warnings) {
    this(region, from, to, started, warnings, () -> {});
  }

  /**
   * @param changed called after each change of a note, before the next
   */
  SwapJournal(
      BackendId region,
      Side from,
      Side to,
      Instant started,
      GivenWarnings warnings,
      Runnable changed) {
    this.warnings = warnings;
    this.swap = new SwapId(region, from.path(), to.path(), started);
    this.from = from;
    this.to = to;
    this.changed = changed;
    this.fresh = to.noted().map(NewNote::new).orElse(null);
  }

  /**
   * Records, before the first byte is copied, that the new file is unfinished.
   *
   * @throws IOException if that can't be recorded, or another swap uses the file; nothing is left
   *     behind
   */
  public void begin() throws IOException {
    if (fresh == null) {
      return;
    }
    Path file = fresh.note().file();
    Note ofOld = Note.ofOld(file);
    requireReadable(fresh.note());
    requireReadable(ofOld);
    if (!fresh.note().isLive()) {
      ImageNotes.settle(file, changed);
    }
    movedAway = moved(ofOld);
    replaced = movedAway.isPresent() || fresh.note().read().isPresent();
    fresh.claim(new Marker.Copying(swap));
    begun = true;
    changed.run();
    // left by a swap away from this file: from here on the new note describes it
    remove(ofOld);
    noteBesideOld(new Marker.Copying(swap));
  }

  private static void requireReadable(Note note) throws IOException {
    if (note.read().orElse(null) instanceof Marker.Unreadable(String reason)) {
      throw new IOException(
          NoteFile.shown(note.path())
              + " "
              + reason
              + ": look at that, and delete it, or name another file");
    }
  }

  private static Optional<Marker.Moved> moved(Note ofOld) {
    return ofOld.read().filter(Marker.Moved.class::isInstance).map(Marker.Moved.class::cast);
  }

  /**
   * Records, just before the writers pause, that the old file must not be used unless the new one's
   * note can be read. The switch itself is one change of one note, which is made ready here.
   *
   * @throws IOException if no other note can be written beside the new file
   */
  public void prepareSwitch() throws IOException {
    if (fresh != null) {
      noteBesideOld(new Marker.Switching(swap));
      fresh.prepare(new Marker.Complete(swap));
    } else if (from.noted().isPresent()) {
      forgetPrepared();
      PendingFile moved = Note.ofOld(from.noted().get()).pending(movedIntoMemory());
      preparedMoved = moved;
      moved.sync();
    }
  }

  private Marker.Moved movedIntoMemory() {
    return new Marker.Moved(swap, Optional.empty());
  }

  /** Records the switch beside the old file, where no note can be beside the new side. */
  private void writeMoved(Path old) throws IOException {
    PendingFile ready = preparedMoved;
    preparedMoved = null;
    if (ready == null) {
      write(Note.ofOld(old), movedIntoMemory());
      return;
    }
    try (ready) {
      ready.replaceTarget();
    }
    changed.run();
  }

  private void forgetPrepared() throws IOException {
    PendingFile unused = preparedMoved;
    preparedMoved = null;
    if (unused != null) {
      unused.close();
    }
  }

  private void noteBesideOld(Marker.Written marker) {
    if (from.noted().isEmpty()) {
      return;
    }
    Path file = from.noted().get();
    try {
      ImageNotes.settle(file, changed);
      warnings.clear(swap.region(), Kind.UNSETTLED, file);
    } catch (IOException e) {
      warnings.warn(
          swap.region(),
          Kind.UNSETTLED,
          file,
          e.toString(),
          "the notes of the swap that made " + file + " stay behind: " + e);
    }
    try {
      write(Note.ofOld(file), marker);
      warnings.clear(swap.region(), Kind.NO_NOTE, file);
    } catch (IOException e) {
      // its disk may be the reason for the swap: then only the new file's note can record it
      warnings.warn(
          swap.region(),
          Kind.NO_NOTE,
          file,
          e.toString(),
          "beside "
              + file
              + " no note of the swap can be kept ("
              + e
              + "): when the swap is done, see to it yourself that this file is not used any more");
    }
  }

  /**
   * Records that the new side has all bytes, durably: from here on it is the valid one.
   *
   * @throws IOException if that can't be recorded: then the old one still is
   */
  public void complete() throws IOException {
    try {
      if (fresh != null) {
        fresh.write(new Marker.Complete(swap));
        changed.run();
      } else if (from.noted().isPresent()) {
        writeMoved(from.noted().get());
      }
    } catch (IOException e) {
      try {
        reopen(); // the note's name may have been replaced before the failure
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  /**
   * Records that the switch did not happen after all: the old side is the valid one again.
   *
   * @throws IOException if that can't be recorded; its message says which file must not be used
   */
  public void reopen() throws IOException {
    try {
      if (fresh != null) {
        fresh.write(new Marker.Copying(swap));
        changed.run();
      } else if (from.noted().isPresent()) {
        remove(Note.ofOld(from.noted().get()));
      }
    } catch (IOException e) {
      LOG.error(
          "memory backend '{}': the notes of its swap can't be corrected ({}): whatever they say,"
              + " {} is the good one, and {} is not",
          swap.region(),
          e.toString(),
          words(from),
          words(to));
      throw e;
    }
  }

  private static String words(Side side) {
    return side.path().map(Path::toString).orElse("memory");
  }

  /** Records that the old side was released. */
  public void end() {
    try {
      if (from.noted().isPresent()) {
        Path file = from.noted().get();
        write(Note.ofOld(file), new Marker.Moved(swap, content(file)));
      }
      if (fresh != null) {
        removeOwn(fresh.note());
      }
    } catch (IOException e) {
      Path file = from.noted().or(to::noted).orElseThrow();
      warnings.warn(
          swap.region(), Kind.LEFT, file, e.toString(), "the swap's notes stay behind: " + e);
    } finally {
      close();
    }
  }

  /**
   * Returns the content of the old file after its release. Empty where the kernel doesn't record
   * stores through a mapping in the file's times: on hugetlbfs, and on tmpfs with many kernels.
   */
  private Optional<Marker.Content> content(Path file) throws IOException {
    Optional<Marker.Content> content = ImageNotes.present(file);
    return content.filter(left -> from.file().equals(Optional.of(left.file())));
  }

  /**
   * Records that the swap was rolled back. If the new file still has content, and was written into
   * or already must not be used before the swap, it counts as an unfinished copy for good, and its
   * note stays.
   *
   * @param written whether the new file may have been written into
   */
  public void abandon(boolean written) {
    if (fresh == null || !begun) {
      return;
    }
    Path file = fresh.note().file();
    try {
      if (from.noted().isPresent()) {
        removeOwn(Note.ofOld(from.noted().get()));
      }
      if ((written || replaced) && Files.exists(file) && Files.size(file) > 0) {
        LOG.warn(
            "memory backend '{}': what {} held before the swap can't be used any more: delete it,"
                + " and {}",
            swap.region(),
            file,
            fresh.note().path());
        return;
      }
      if (movedAway.isPresent()) {
        write(Note.ofOld(file), movedAway.get()); // as it was before
      }
      removeOwn(fresh.note());
    } catch (IOException e) {
      LOG.warn(
          "memory backend '{}': the swap's notes stay behind: {}", swap.region(), e.toString());
    } finally {
      close();
    }
  }

  /** Releases the lock on the new file's note, as the end of the process would. */
  @Override
  public void close() {
    try {
      forgetPrepared();
    } catch (IOException e) {
      LOG.warn("memory backend '{}': a note stays behind: {}", swap.region(), e.toString());
    }
    if (fresh != null) {
      fresh.close();
    }
  }

  /** Removes a note, unless it is another swap's. */
  private void removeOwn(Note note) throws IOException {
    if (note.read().orElse(null) instanceof Marker.Written present && present.swap().equals(swap)) {
      remove(note);
    }
  }

  private void write(Note note, Marker.Written marker) throws IOException {
    note.write(marker);
    changed.run();
  }

  private void remove(Note note) throws IOException {
    note.remove();
    changed.run();
  }
}
