package holdfast.machine.swap.internal.journal;

import holdfast.backend.api.FileIdentity;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.files.FoundFile;
import holdfast.host.linux.files.NoteFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the notes beside a file mean to a start from it, and to a swap to it, after the swap that
 * wrote them. Thread-safe.
 */
public final class ImageNotes {
  private static final Logger LOG = LoggerFactory.getLogger(ImageNotes.class);

  private ImageNotes() {}

  /**
   * Returns whether the content of a file is exactly what an earlier swap moved elsewhere, so that
   * the file may be overwritten: the note beside it is about this very file, which has not changed
   * since.
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
      LOG.info("whether {} is what a swap left can't be found out: {}", file, e.toString());
      return false;
    }
  }

  /**
   * Returns why a file must not be used to start from, as half a sentence about it: it is the
   * unfinished copy of a swap, or was left behind by a swap, or that can't be found out. Removes a
   * note that no longer matters, unless the swap may be under way in another process.
   *
   * @return empty if it may be used, or can't be opened anyway
   */
  public static Optional<String> refusal(Path file) {
    if (FoundFile.isOutOfReach(file)) {
      return Optional.empty();
    }
    Refusal found = Refusal.of(file);
    Optional<String> sentence = found.sentence();
    if (sentence.isEmpty() && !found.live()) {
      tidy(FoundFile.realPath(file), found);
    }
    return sentence;
  }

  private static void tidy(Path file, Refusal found) {
    if (!found.exists()) {
      forgetMissing(file);
    } else if (found.left().isPresent() && !FoundFile.isInUse(file)) {
      Note.ofOld(file).forget(); // the swap was interrupted before its switch
      found.theirNote().ifPresent(ImageNotes::forgetPending);
    } else if (found.left().isEmpty()) {
      forgetPending(found.leftNote()); // of a swap into memory, which has no other
    }
  }

  private static void forgetPending(Path note) {
    try {
      NoteFile.forgetPending(note);
    } catch (IOException e) {
      LOG.info("what was to replace {} stays behind: {}", note, e.toString());
    }
  }

  /**
   * Removes the notes of a file that no longer exists, after settling those of files that depend on
   * it.
   */
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

  /**
   * Ends the record of an interrupted swap that had made this file the valid one, so that no other
   * note depends on the note beside this file, which is about to be replaced.
   *
   * @param changed called after each change of a note
   */
  static void settle(Path file, Runnable changed) throws IOException {
    Note own = Note.ofNew(file);
    if (own.read().orElse(null) instanceof Marker.Complete(SwapId ended)) {
      Optional<Note> old = ended.from().map(Note::ofOld);
      if (old.isPresent()
          && old.get().read().orElse(null) instanceof Marker.Written away
          && away.swap().equals(ended)) {
        // it is not known whether the file was stored into since
        old.get().write(new Marker.Moved(ended, Optional.empty()));
        changed.run();
      }
      own.remove();
      changed.run();
    }
  }

  /** Returns the content of a file as it is now; empty if it can't be known again by that. */
  static Optional<Marker.Content> present(Path file) throws IOException {
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
}
