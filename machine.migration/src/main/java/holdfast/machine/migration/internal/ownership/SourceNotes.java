package holdfast.machine.migration.internal.ownership;

import holdfast.host.linux.files.FoundFile;
import holdfast.host.linux.files.NoteFile;
import holdfast.host.linux.files.PendingFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records, at a migration's source, that its guest leaves: with one durable change of one note,
 * whatever the number of files. The note that decides is that of the first file which outlives a
 * reboot: another one could come back empty and without its note, as if the guest had never left.
 * The notes of the others say {@code leaving} before it, and refer to it; afterwards they are
 * settled, one by one.
 *
 * <p>Order: {@link #prepare}, {@link #commit}, and once the destination has been told the proof,
 * {@link #end}. Without a file that takes notes all of them do nothing, and that the guest has left
 * is the caller's word alone.
 *
 * <p>Used by one thread, in a process that keeps the files locked.
 */
public final class SourceNotes implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SourceNotes.class);

  private final MigrationId migration;
  private final Proof proof;
  private final Runnable changed;
  private final @Nullable Place deciding;
  private final List<Place> others;

  /** What {@link #prepare} made; it has the deciding note's name and a suffix. */
  private @Nullable PendingFile ready;

  private record Place(NotedFile file, ImageNote note) {}

  /**
   * @param files those of the machine's shared, writable regions that take notes
   * @param migration with the destination as its peer
   * @param proof what the destination is told after the commit, and nobody before it
   */
  public SourceNotes(List<NotedFile> files, MigrationId migration, Proof proof) {
    this(files, migration, proof, () -> {});
  }

  /**
   * @param changed called after each change of a note, before the next
   */
  SourceNotes(List<NotedFile> files, MigrationId migration, Proof proof, Runnable changed) {
    this.migration = migration;
    this.proof = proof;
    this.changed = changed;
    List<Place> places = new ArrayList<>();
    for (NotedFile file : files) {
      ImageNote note = ImageNote.beside(file.path());
      if (places.stream().noneMatch(place -> place.note().equals(note))) {
        places.add(new Place(file, note));
      }
    }
    places.sort(Comparator.comparing(SourceNotes::isVolatile)); // stable
    deciding = places.isEmpty() ? null : places.getFirst();
    others = places.isEmpty() ? List.of() : List.copyOf(places.subList(1, places.size()));
  }

  private static boolean isVolatile(Place place) {
    try (FoundFile found = FoundFile.behind(place.note().file()).orElse(null)) {
      return found == null || found.fileSystem().isVolatile();
    } catch (IOException e) {
      LOG.debug("{}", e.toString());
      return true;
    }
  }

  /**
   * Records that the guest may leave, and makes the commit ready, before writers pause. A crash
   * still leaves it here.
   *
   * @throws IOException if a note can't be kept, or says that the guest is not here; the message
   *     names the file and says what to do. Nothing is left behind
   */
  public void prepare() throws IOException {
    Place first = deciding;
    if (first == null) {
      return;
    }
    requireHere(first);
    for (Place other : others) {
      requireHere(other);
    }
    try {
      for (Place other : others) {
        write(other, new Note.Leaving(migration, other.file().region(), first.note().file()));
      }
      if (first.note().read().isPresent()) { // left by one that was cut off, and means nothing
        first.note().remove();
        changed.run();
      }
      makeReady(first);
    } catch (IOException | RuntimeException | Error e) {
      abandon();
      throw e;
    }
  }

  /**
   * Checks that no note says that the guest is elsewhere. One that says {@code leaving} is out of
   * date, since the machine runs.
   */
  private static void requireHere(Place place) throws IOException {
    String why =
        switch (place.note().read().orElse(null)) {
          case null -> "";
          case Note.Leaving _ -> "";
          case Note.Unreadable(String reason) -> reason;
          case Note.Incoming _, Note.Received _, Note.Moved _ ->
              "says that the guest of "
                  + NoteFile.shown(place.note().file())
                  + " is not here, though it runs";
        };
    if (!why.isEmpty()) {
      throw new IOException(
          NoteFile.shown(place.note().path()) + " " + why + ": look at that, and delete it");
    }
  }

  private void write(Place place, Note.Written note) throws IOException {
    try {
      place.note().write(note);
    } catch (IOException e) {
      throw noNote(place, e);
    }
    changed.run();
  }

  private void makeReady(Place first) throws IOException {
    close();
    try {
      ready = first.note().pending(moved(first, true));
    } catch (IOException e) {
      throw noNote(first, e);
    }
    changed.run();
  }

  private Note.Moved moved(Place place, boolean decides) {
    return new Note.Moved(
        migration,
        place.file().region(),
        proof,
        decides ? others.stream().map(other -> other.note().file()).toList() : List.of());
  }

  private static IOException noNote(Place place, IOException e) {
    return new IOException(
        "beside "
            + NoteFile.shown(place.note().file())
            + ", of memory backend '"
            + place.file().region()
            + "', no note of the migration can be kept ("
            + e.getMessage()
            + "): let this user make files in that folder, and see that it is not full; or swap the"
            + " memory backend to another folder first",
        e);
  }

  /**
   * Records that the guest has left: from here on every file is out of date, and the proof may be
   * told. Nothing else may be able to go wrong at the source after this.
   *
   * @throws IOException if that can't be recorded: then the guest is here, the proof must never be
   *     told, and {@link #abandon} follows. If the note could not be taken back either, an error in
   *     the log says that the guest is here all the same
   * @throws IllegalStateException if it was not prepared
   */
  public void commit() throws IOException {
    Place first = deciding;
    if (first == null) {
      return;
    }
    PendingFile moved = ready;
    if (moved == null) {
      throw new IllegalStateException("the notes of the migration are not prepared");
    }
    ready = null;
    try (moved) {
      moved.replaceTarget();
    } catch (IOException e) {
      if (moved.bearsTarget()) {
        takeBack(first, e);
      }
      throw e;
    }
    changed.run();
  }

  private void takeBack(Place first, IOException e) {
    try {
      first.note().remove();
      changed.run();
    } catch (IOException again) {
      e.addSuppressed(again);
      LOG.error(
          "the migration to {} did not take place, and {}, which says that it did, can't be removed"
              + " ({}): whatever it says, the guest is here; delete it",
          migration.peer(),
          first.note().path(),
          again.toString());
    }
  }

  /**
   * Lets each note say by itself that the guest has left, after {@link #commit}. What can't be
   * written is left to the next start, and a warning says so.
   */
  public void end() {
    Place first = deciding;
    if (first == null || !isOwn(first)) {
      return;
    }
    try {
      for (Place other : others) {
        if (isOwn(other)) {
          other.note().write(moved(other, false));
          changed.run();
        }
      }
      if (!others.isEmpty()) {
        first.note().write(moved(first, false));
        changed.run();
      }
    } catch (IOException e) {
      LOG.warn(
          "the notes of the migration to {} are not all up to date ({}): keep {} until a start of"
              + " the machine was refused by it",
          migration.peer(),
          e.toString(),
          first.note().path());
    }
  }

  /**
   * Removes this migration's notes: the guest is here. After a commit only if the destination was
   * never told the proof, and never will be, or is known to be lost.
   */
  public void abandon() {
    close();
    Place first = deciding;
    if (first == null) {
      return;
    }
    removeOwn(first); // before the others: none is out of date by it then
    others.forEach(this::removeOwn);
  }

  private boolean isOwn(Place place) {
    return Note.isOf(migration, place.note().read());
  }

  private void removeOwn(Place place) {
    try {
      if (isOwn(place)) {
        place.note().remove();
        changed.run();
      }
    } catch (IOException e) {
      LOG.warn(
          "{} stays behind, though the guest is here: delete it ({})",
          place.note().path(),
          e.toString());
    }
  }

  /** Takes what was prepared away again, as the end of the process would; the notes stay. */
  @Override
  public void close() {
    PendingFile unused = ready;
    ready = null;
    if (unused != null) {
      try {
        unused.close();
      } catch (IOException e) {
        LOG.warn("{} stays behind: {}", unused.pending(), e.toString());
      }
    }
  }
}
