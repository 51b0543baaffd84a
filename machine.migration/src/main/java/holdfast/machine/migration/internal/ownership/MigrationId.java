package holdfast.machine.migration.internal.ownership;

import java.time.Instant;
import java.util.UUID;

/**
 * The identity of a migration as the notes of one side have it.
 *
 * @param id the same on both sides, and in all notes; different from that of any other migration
 * @param peer the other side's address
 * @param started when it began, by this side's clock
 */
public record MigrationId(UUID id, String peer, Instant started) {
  /** The greatest length of a peer's address, in characters. */
  static final int LONGEST_PEER = 1024;

  /**
   * @throws IllegalArgumentException if the address is longer than any that a note can have
   */
  public MigrationId {
    if (peer.length() > LONGEST_PEER) {
      throw new IllegalArgumentException(
          "the peer's address has "
              + peer.length()
              + " characters; a note of the migration can have "
              + LONGEST_PEER);
    }
  }

  /** Returns whether both are of the same migration, whoever recorded them. */
  boolean isSame(MigrationId other) {
    return id.equals(other.id);
  }
}
