package holdfast.machine.swap.internal.journal;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.FileIdentity;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.files.FoundFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What tells, after a crash, which of the two files of a swap is the good one: two small files, one
 * beside the new file, one beside the old, each written as a whole and made durable before the swap
 * goes on.
 *
 * <p>The note beside the <em>new</em> file decides: as long as it says {@code copying}, the new
 * file is an unfinished copy and the old one is good; from {@code complete} on the new one is good.
 * It is locked while the swap lives, so that no other swap to that file begins. The note beside the
 * <em>old</em> file leads to it: {@code copying} until shortly before the switch, when the old file
 * is good in any case, then {@code switching}: from there on the old file is refused unless the new
 * one's note can be read and says that it is not complete. When all is done the old file's note
 * says {@code moved} and stays, and the new file's is removed. Where the new side takes no note,
 * {@code moved} is the moment.
 *
 * <p>Used by one thread; the static methods by any.
 */
public final class SwapJournal implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SwapJournal.class);

  private final SwapId swap;
  private final Side from;
  private final Side to;
  private final Runnable changed;
  private final @Nullable NewNote fresh;

  /** Whether the note beside the new file may have been written. */
  private boolean begun;

  /** Whether the new file was not to be used before the swap either. */
  private boolean replaced;

  /** What stood beside the new file of a swap away from it. */
  private Optional<Marker.Moved> movedAway = Optional.empty();

  /**
   * @param from where the bytes are
   * @param to where they go
   * @param started tells this swap from others between the same files
   */
  public SwapJournal(BackendId region, Side from, Side to, Instant started) {
    this(region, from, to, started, () -> {});
  }

  /**
   * @param changed told after each change of a note, before the next
   */
  SwapJournal(BackendId region, Side from, Side to, Instant started, Runnable changed) {
    this.swap = new SwapId(region, from.path(), to.path(), started);
    this.from = from;
    this.to = to;
    this.changed = changed;
    this.fresh = to.noted().map(NewNote::new).orElse(null);
  }

  /**
   * Before the first byte is copied: the new file is unfinished.
   *
   * @throws IOException if that can't be kept, or the file is another swap's; nothing is left
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
      settle(file, changed);
    }
    movedAway = moved(ofOld);
    replaced = movedAway.isPresent() || fresh.note().read().isPresent();
    fresh.claim(new Marker.Copying(swap));
    begun = true;
    changed.run();
    // left by a swap away from this file: from here on the new note speaks for it
    remove(ofOld);
    noteBesideOld(new Marker.Copying(swap));
  }

  private static void requireReadable(Note note) throws IOException {
    if (note.read().orElse(null) instanceof Marker.Unreadable(String reason)) {
      throw new IOException(
          Refusal.shown(note.path())
              + " "
              + reason
              + ": look at that, and delete it, or name another file");
    }
  }

  private static Optional<Marker.Moved> moved(Note ofOld) {
    return ofOld.read().filter(Marker.Moved.class::isInstance).map(Marker.Moved.class::cast);
  }

  /**
   * Just before the writers pause: from here on the old file must not be used unless the new one
   * can be asked. The switch itself is one change of one note.
   */
  public void prepareSwitch() {
    if (fresh != null) {
      noteBesideOld(new Marker.Switching(swap));
    }
  }

  private void noteBesideOld(Marker.Told marker) {
    if (from.noted().isEmpty()) {
      return;
    }
    Path file = from.noted().get();
    try {
      settle(file, changed);
    } catch (IOException e) {
      LOG.warn(
          "memory backend '{}': the notes of the swap that made {} stay behind: {}",
          swap.region(),
          file,
          e.toString());
    }
    try {
      write(Note.ofOld(file), marker);
    } catch (IOException e) {
      // its disk may be the reason for the swap: then only the new file's note can tell
      LOG.warn(
          "memory backend '{}': beside {} no note of the swap can be kept ({}): when the swap is"
              + " done, see to it yourself that this file is not used any more",
          swap.region(),
          file,
          e.toString());
    }
  }

  /**
   * Of a file that became the good one by a swap that was cut off before it was ended: ends it, so
   * that no other note depends on the one beside this file, which is to be replaced.
   */
  private static void settle(Path file, Runnable changed) throws IOException {
    Note own = Note.ofNew(file);
    if (own.read().orElse(null) instanceof Marker.Complete(SwapId ended)) {
      Optional<Note> old = ended.from().map(Note::ofOld);
      if (old.isPresent()
          && old.get().read().orElse(null) instanceof Marker.Told away
          && away.swap().equals(ended)) {
        // whether anybody has stored into it since is not known
        old.get().write(new Marker.Moved(ended, Optional.empty()));
        changed.run();
      }
      own.remove();
      changed.run();
    }
  }

  /**
   * The new side holds everything, durably: from here on it is the good one.
   *
   * @throws IOException if that can't be kept: then the old one still is
   */
  public void complete() throws IOException {
    try {
      if (fresh != null) {
        fresh.write(new Marker.Complete(swap));
        changed.run();
      } else if (from.noted().isPresent()) {
        write(Note.ofOld(from.noted().get()), new Marker.Moved(swap, Optional.empty()));
      }
    } catch (IOException e) {
      try {
        reopen(); // its name may have been replaced before that failed
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  /**
   * The switch did not take place after all: the old side is the good one again.
   *
   * @throws IOException if that can't be kept; an error says which file is not to be used
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

  /** The old side was let go. */
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
      LOG.warn(
          "memory backend '{}': the swap's notes stay behind: {}", swap.region(), e.toString());
    } finally {
      close();
    }
  }

  /**
   * What the old file holds, now that it was let go. Empty where the kernel doesn't say when a
   * mapping of the file is stored into: on hugetlbfs, and on tmpfs by many kernels.
   */
  private Optional<Marker.Content> content(Path file) throws IOException {
    Optional<Marker.Content> content = present(file);
    return content.filter(left -> from.file().equals(Optional.of(left.file())));
  }

  private static Optional<Marker.Content> present(Path file) throws IOException {
    try (FoundFile found = FoundFile.behind(file).orElse(null)) {
      if (found == null
          || found.status().type() != FileStatus.Type.REGULAR
          || found.fileSystem().isVolatile()) {
        return Optional.empty();
      }
      FileStatus status = found.status();
      return Optional.of(
          new Marker.Content(status.identity(FileIdentity::new), status.size(), status.changed()));
    }
  }

  /**
   * The swap was rolled back. If the new file is still there and was written into, which is so for
   * one that was to be overwritten, it is an unfinished copy for good, and its note stays.
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

  /** Gives up the lock on the new file's note, as the end of the process would. */
  @Override
  public void close() {
    if (fresh != null) {
      fresh.close();
    }
  }

  /** Removes a note, unless it is another swap's. */
  private void removeOwn(Note note) throws IOException {
    if (note.read().orElse(null) instanceof Marker.Told present && present.swap().equals(swap)) {
      remove(note);
    }
  }

  private void write(Note note, Marker.Told marker) throws IOException {
    note.write(marker);
    changed.run();
  }

  private void remove(Note note) throws IOException {
    note.remove();
    changed.run();
  }

  /**
   * Whether a file holds just what an earlier swap moved elsewhere, and so may be overwritten: the
   * note beside it is about this very file, in which nothing has changed since.
   *
   * @param file any path
   */
  public static boolean isLeftBehind(Path file) {
    try {
      return Note.ofNew(file).read().isEmpty()
          && Note.ofOld(file).read().orElse(null) instanceof Marker.Moved(var _, var content)
          && content.isPresent()
          && content.equals(present(file));
    } catch (IOException e) {
      LOG.info("what {} holds can't be told: {}", file, e.toString());
      return false;
    }
  }

  /**
   * Why a file must not be used to start from: it is the unfinished copy of a swap, or what a swap
   * left behind, or that can't be told. An empty string if it may, or can't be opened anyway. A
   * note that no longer matters is removed, unless the swap may be under way in another process.
   */
  public static String refusal(Path file) {
    if (FilePlace.isOutOfReach(file)) {
      return "";
    }
    Refusal found = Refusal.of(file);
    Optional<String> sentence = found.sentence();
    if (sentence.isEmpty() && !found.live()) {
      tidy(FilePlace.real(file), found);
    }
    return sentence.orElse("");
  }

  /** As {@link #refusal}; empty if a machine can be started from {@code image}. */
  public static Optional<String> imageRefusal(Path image) {
    return Optional.of(refusal(image)).filter(sentence -> !sentence.isEmpty());
  }

  private static void tidy(Path file, Refusal found) {
    if (!found.exists()) {
      forgetMissing(file);
    } else if (found.left().isPresent() && !isInUse(file)) {
      Note.ofOld(file).forget(); // the swap was cut off before its switch
    }
  }

  /** Whether a machine, of this process or of another, has a file locked and may be swapping it. */
  private static boolean isInUse(Path file) {
    try (FoundFile found = FoundFile.behind(file).orElse(null)) {
      return found != null && found.isLocked();
    } catch (IOException e) {
      return true; // who knows
    }
  }

  /** The notes of a file that is gone; what waits for it to become good has lost it. */
  private static void forgetMissing(Path file) {
    try {
      settle(file, () -> {});
    } catch (IOException e) {
      LOG.info("the notes of {} stay behind: {}", file, e.toString());
      return;
    }
    forgetAll(file);
  }

  /** Removes what a swap left beside a file that is no longer needed. */
  public static void forgetAll(Path file) {
    Note.ofNew(file).forget();
    Note.ofOld(file).forget();
  }
}
