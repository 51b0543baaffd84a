package holdfast.machine.migration.internal.ownership;

import holdfast.host.linux.files.NoteFile;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records, at a migration's destination, how far the copies of the source's files are: each is
 * refused to a start from {@link #begin} until the guest is known to have left the source.
 *
 * <p>Order: {@link #begin}, {@link #received}, {@link #own}; {@link #abandon} or {@link #disown}
 * where it ends otherwise. Without a file that takes notes all of them do nothing.
 *
 * <p>Used by one thread, in a process that keeps the files locked.
 */
public final class DestinationNotes {
  private static final Logger LOG = LoggerFactory.getLogger(DestinationNotes.class);

  private final MigrationId migration;
  private final Runnable changed;
  private final List<Place> places = new ArrayList<>();

  /** Whether a note beside each file says that it is a whole copy. */
  private boolean received;

  private static final class Place {
    final NotedFile file;
    final ImageNote note;

    /** What the note said before, once it was replaced. */
    Optional<Note.Written> before = Optional.empty();

    Place(NotedFile file) {
      this.file = file;
      this.note = ImageNote.beside(file.path());
    }
  }

  /**
   * @param files those of the machine's regions that are received into, and take notes
   * @param migration with the source as its peer
   */
  public DestinationNotes(List<NotedFile> files, MigrationId migration) {
    this(files, migration, () -> {});
  }

  /**
   * @param changed called after each change of a note, before the next
   */
  DestinationNotes(List<NotedFile> files, MigrationId migration, Runnable changed) {
    this.migration = migration;
    this.changed = changed;
    for (NotedFile file : files) {
      Place place = new Place(file);
      if (places.stream().noneMatch(other -> other.note.equals(place.note))) {
        places.add(place);
      }
    }
  }

  /**
   * Records, before the first byte is stored in any of the files, that they are unfinished.
   *
   * @throws IOException if that can't be recorded, or a note doesn't let the file be overwritten;
   *     the message names it and says what to do. The notes are as before
   */
  public void begin() throws IOException {
    for (Place place : places) {
      Optional<String> refusal = Refusal.of(place.note).sentenceForIncoming();
      if (refusal.isPresent()) {
        throw new IOException(
            "a guest can't be taken into "
                + NoteFile.shown(place.note.file())
                + ": "
                + refusal.get());
      }
    }
    for (Place place : places) {
      settle(place);
    }
    int begun = 0;
    try {
      for (Place place : places) {
        place.before = written(place);
        begun++;
        write(place, new Note.Incoming(migration, place.file.region()));
      }
    } catch (IOException | RuntimeException | Error e) {
      places.subList(0, begun).forEach(this::restore);
      throw e;
    }
  }

  /** Lets no other note depend on this one, and lets this one depend on no other. */
  private void settle(Place place) throws IOException {
    switch (place.note.read().orElse(null)) {
      case Note.Moved moved -> Verdict.settle(place.note, moved, changed);
      case Note.Leaving leaving when Verdict.of(leaving) instanceof Verdict.Gone gone ->
          write(place, gone.settled(leaving));
      case null, default -> {}
    }
  }

  private static Optional<Note.Written> written(Place place) {
    return place.note.read().filter(Note.Written.class::isInstance).map(Note.Written.class::cast);
  }

  private void write(Place place, Note.Written note) throws IOException {
    try {
      place.note.write(note);
    } catch (IOException e) {
      throw new IOException(
          "beside "
              + NoteFile.shown(place.note.file())
              + ", of memory backend '"
              + place.file.region()
              + "', no note of the migration can be kept ("
              + e.getMessage()
              + "): let this user make files in that folder, and see that it is not full; or start"
              + " with a file in another folder",
          e);
    }
    changed.run();
  }

  /**
   * Records that every file is a whole copy, and persisted. Only after this may the source be told
   * to commit.
   *
   * @param proofSha256 what the source gave as the digest of its proof
   * @throws IOException if that can't be recorded; {@link #abandon} follows
   */
  public void received(String proofSha256) throws IOException {
    for (Place place : places) {
      write(place, new Note.Received(migration, place.file.region(), proofSha256));
    }
    received = true;
  }

  /**
   * Removes the notes: the guest is known to have left the source, and goes on from these files.
   * All of them are tried.
   *
   * @throws IOException if some can't be removed: the guest is here all the same, and may go on;
   *     the message names the note, which is to be deleted before the next start
   */
  public void own() throws IOException {
    List<Place> stuck = new ArrayList<>();
    IOException failure = new IOException();
    for (Place place : places) {
      try {
        removeOwn(place);
      } catch (IOException e) {
        stuck.add(place);
        failure.addSuppressed(e);
      }
    }
    if (!stuck.isEmpty()) {
      List<String> names = stuck.stream().map(place -> NoteFile.shown(place.note.path())).toList();
      throw new IOException(
          "the guest is here, but its notes can't be removed: before the next start delete "
              + String.join(" and ", names),
          failure);
    }
  }

  private void removeOwn(Place place) throws IOException {
    if (Note.isOf(migration, place.note.read())) {
      place.note.remove();
      changed.run();
    }
  }

  /**
   * Records that the migration has ended before the guest came, as far as that is known here. Once
   * the files are {@linkplain #received whole} the notes stay: the source may have committed.
   * Before that it can't have. Then files that were written into stay unfinished copies, and of the
   * others the notes are as before. What can't be recorded is told in a warning.
   *
   * @param written whether any file may have been written into
   */
  public void abandon(boolean written) {
    if (received) {
      return;
    }
    if (written) {
      disown();
    } else {
      places.forEach(this::restore);
    }
  }

  /**
   * Records that these files are nobody's: the guest is known to go on elsewhere. They count as
   * unfinished copies, and can be sent again. What can't be recorded is told in a warning.
   */
  public void disown() {
    for (Place place : places) {
      try {
        if (Files.notExists(place.note.file())) {
          removeOwn(place);
        } else if (place.note.read().orElse(null) instanceof Note.Received note
            && note.migration().isSame(migration)) {
          write(place, new Note.Incoming(migration, place.file.region()));
        }
      } catch (IOException e) {
        LOG.warn("{} is not up to date: {}", place.note.path(), e.toString());
      }
    }
    received = false;
  }

  /** Lets a note be as it was before {@link #begin}. */
  private void restore(Place place) {
    try {
      if (Note.isOf(migration, place.note.read())) {
        if (place.before.isPresent()) {
          write(place, place.before.get());
        } else {
          removeOwn(place);
        }
      }
    } catch (IOException e) {
      LOG.warn(
          "{} stays behind, though nothing was written into the file: {}",
          place.note.path(),
          e.toString());
    }
  }
}
