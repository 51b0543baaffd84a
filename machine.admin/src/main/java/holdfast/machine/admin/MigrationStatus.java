package holdfast.machine.admin;

import java.time.Duration;
import java.util.Optional;

/**
 * The migration that is under way, or else the last one.
 *
 * @param state how far it is
 * @param incoming whether this machine is the destination
 * @param address where the memory goes to or comes from, as it was written; of a destination that
 *     waits, where it listens; empty if there was no migration
 * @param error why it failed, as a sentence; of one that is {@link MigrationState#UNDECIDED}, what
 *     to do
 * @param ram what was sent or received of memory
 * @param time since it began, or that it took
 * @param setup how long the peers took to agree; empty before that
 * @param downtime how long the guest writers were stopped; empty before that
 * @param expectedDowntime how long they would have to be stopped now; empty if that is not known
 */
public record MigrationStatus(
    MigrationState state,
    boolean incoming,
    String address,
    Optional<String> error,
    MigratedRam ram,
    Duration time,
    Optional<Duration> setup,
    Optional<Duration> downtime,
    Optional<Duration> expectedDowntime) {

  /** That of a machine that has met no migration. */
  public static final MigrationStatus NONE =
      new MigrationStatus(
          MigrationState.NONE,
          false,
          "",
          Optional.empty(),
          MigratedRam.NONE,
          Duration.ZERO,
          Optional.empty(),
          Optional.empty(),
          Optional.empty());
}
