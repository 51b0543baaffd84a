package holdfast.machine.migration.internal.ownership;

import holdfast.backend.api.BackendId;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The content of a note: the state of the file that it is beside. */
sealed interface Note {

  /** A note that a migration wrote. */
  sealed interface Written extends Note {
    /** Returns the migration. */
    MigrationId migration();

    /** Returns whose bytes are in the file. */
    BackendId region();
  }

  /** At the destination: an unfinished copy. */
  record Incoming(MigrationId migration, BackendId region) implements Written {}

  /**
   * At the destination: a whole copy. Whether the guest has left the source is not known here.
   *
   * @param proofSha256 the digest of what the source shows once the guest has left it
   */
  record Received(MigrationId migration, BackendId region, String proofSha256) implements Written {}

  /**
   * At the source: the note of another file decides whether the guest has left.
   *
   * @param decides that other file
   */
  record Leaving(MigrationId migration, BackendId region, Path decides) implements Written {}

  /**
   * At the source: the guest has left, and the content is out of date.
   *
   * @param proof what shows the destination that it has
   * @param dependents the files beside which a note may say {@code leaving} and refer to this one:
   *     they must be settled before this note goes. Empty if there are none
   */
  record Moved(MigrationId migration, BackendId region, Proof proof, List<Path> dependents)
      implements Written {
    public Moved {
      dependents = List.copyOf(dependents);
    }

    /** Returns the same note once nothing depends on it any more. */
    Moved settled() {
      return new Moved(migration, region, proof, List.of());
    }
  }

  /**
   * A note that is not trusted.
   *
   * @param reason the rest of a sentence that begins with the note: "is a FIFO, …"
   */
  record Unreadable(String reason) implements Note {}

  /** Returns whether a note was written by this migration. */
  static boolean isOf(MigrationId migration, Optional<Note> note) {
    return note.orElse(null) instanceof Written written && written.migration().isSame(migration);
  }
}
