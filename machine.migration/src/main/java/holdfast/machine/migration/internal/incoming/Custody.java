package holdfast.machine.migration.internal.incoming;

import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.Ownership;
import holdfast.machine.core.Region;
import holdfast.machine.migration.internal.course.Hold;
import holdfast.machine.migration.internal.course.NotedFiles;
import holdfast.machine.migration.internal.course.Progress;
import holdfast.machine.migration.internal.handover.HandedOver;
import holdfast.machine.migration.internal.ownership.DestinationNotes;
import holdfast.machine.migration.internal.ownership.MigrationId;
import holdfast.machine.migration.internal.ownership.Proof;
import java.io.IOException;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a connection has of the guest that it brings: the turn, the hold of the machine, the notes
 * beside its files, and in the end the guest itself, or not. Used by the connection's thread until
 * that is undecided; then by who decides.
 */
final class Custody {
  private static final Logger LOG = LoggerFactory.getLogger(Custody.class);

  private final IncomingMigration.Order order;
  private final Progress progress;
  private volatile @Nullable Hold hold;
  private volatile @Nullable DestinationNotes notes;

  /** The SHA-256 of the source's proof; empty of a QEMU, which has none. */
  private volatile String proofHash = "";

  /** Whether the guest may come to be here, is, or can't any more. */
  private final AtomicReference<Fate> fate = new AtomicReference<>(Fate.OPEN);

  private enum Fate {
    OPEN,
    HERE,
    /** The machine is ending. */
    ENDED
  }

  /** Whether the turn was taken. */
  private volatile boolean entered;

  /** Whether the guest ran at the source. */
  private volatile boolean ran;

  /** Whether all is here, and the source may have let the guest go. */
  private volatile boolean ready;

  Custody(IncomingMigration.Order order, Progress progress) {
    this.order = order;
    this.progress = progress;
  }

  /** Takes the turn: from now on this is the machine's migration. */
  void enter() throws IOException {
    if (!order.turn().getAsBoolean()) {
      throw new IOException("another migration is coming in");
    }
    entered = true;
    progress.enter(MigrationState.SETUP);
    if (!order.writers().isStopped()) {
      throw new IOException("the guest writers here are not stopped");
    }
    try {
      hold = Hold.of(order.machine());
    } catch (AdminException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Gives the turn back, if it was taken: another connection may bring the guest. */
  void leave() {
    if (!entered) {
      return;
    }
    entered = false;
    Hold held = hold;
    if (held != null) {
      held.close();
    }
    order.giveBack().run();
  }

  /**
   * Makes the notes ready, of which none is written yet.
   *
   * @param id of the migration
   * @param hash the SHA-256 of the source's proof; empty if it has none
   */
  void prepare(UUID id, String hash) throws IOException {
    proofHash = hash;
    notes =
        new DestinationNotes(
            NotedFiles.of(order.machine(), HandedOver::isInherited),
            new MigrationId(id, order.sender(), Instant.now()));
  }

  private DestinationNotes notes() {
    DestinationNotes present = notes;
    if (present == null) {
      throw new IllegalStateException("the migration has not begun");
    }
    return present;
  }

  /** Notes that the files are unfinished copies from now on. */
  void begin() throws IOException {
    notes().begin();
    progress.enter(MigrationState.ACTIVE);
  }

  /** Returns whether a text is what the source shows when the guest has left it. */
  boolean isProof(String text) {
    return Proof.isWellFormed(text) && new Proof(text).sha256().equals(proofHash);
  }

  /** Says that the source is to be looked at. */
  void undecided(IOException e) {
    if (!HandedOver.inherited(order.machine()).isEmpty()) {
      undecided(
          "all of the guest is here, and whether it has left the source is not known ("
              + e.getMessage()
              + "): if the source's query-migrate shows a proof, say ram:migrate_decide here PROOF; if"
              + " the guest goes on there, ram:migrate_decide elsewhere; if that process is gone, and"
              + " its log does not say that it gave the migration up, ram:migrate_decide here "
              + MigrationAdmin.SOURCE_LOST);
      return;
    }
    undecided(
        "all of the guest is here, and whether it has left the source is not known ("
            + e.getMessage()
            + "): look at the source; if its query-migrate or the note beside its file shows a proof,"
            + " say ram:migrate_decide here PROOF, and if the guest goes on there, ram:migrate_decide"
            + " elsewhere");
  }

  /** Says what is to be looked at. */
  void undecided(String sentence) {
    tell(Ownership.UNDECIDED, true);
    progress.end(MigrationState.UNDECIDED, sentence);
  }

  /**
   * Notes that all is here; from now on the source may let the guest go.
   *
   * @throws IOException if that can't be noted, or the connection was ended
   */
  void received() throws IOException {
    if (!order.channel().isOpen()) {
      throw new IOException("it was cancelled");
    }
    // of a QEMU nobody has the proof
    notes().received(proofHash.isEmpty() ? Proof.random().sha256() : proofHash);
    ready = true;
  }

  /** Returns whether all is here, and the source may have let the guest go. */
  boolean isReady() {
    return ready;
  }

  /** Ends it with the machine: the guest doesn't come to be here any more. */
  void end() {
    fate.compareAndSet(Fate.OPEN, Fate.ENDED);
  }

  /** Says whether the guest ran at the source. */
  void ranThere(boolean running) {
    ran = running;
  }

  /**
   * Gives up before all is here.
   *
   * @param written whether anything may have been stored
   */
  void abandon(boolean written) {
    DestinationNotes begun = notes;
    if (begun != null) {
      begun.abandon(written);
    }
    leave(); // who hears that it failed may try again at once
  }

  /** Gives up the guest, which is known to be at the source. */
  void disown(String why) {
    ready = false;
    notes().disown();
    leave(); // who hears that it failed may try again at once
    tell(Ownership.AWAITED, true);
    progress.end(MigrationState.FAILED, why);
  }

  /** Makes the guest go on here, if it ran. */
  void own() throws IOException {
    if (!fate.compareAndSet(Fate.OPEN, Fate.HERE)) {
      throw new IOException("the machine is ending, and the guest can't go on here");
    }
    try {
      notes().own();
    } catch (IOException e) {
      LOG.error("{}", e.getMessage());
    }
    HandedOver.inherited(order.machine()).forEach(Region::takeBack);
    boolean goesOn = ran;
    if (goesOn) {
      order.writers().cont();
    }
    Hold held = hold;
    if (held != null) {
      held.close();
    }
    tell(Ownership.OWNER, !goesOn);
    progress.complete();
  }

  private void tell(Ownership ownership, boolean stopped) {
    order
        .machine()
        .standing()
        .become(
            ownership,
            () ->
                order
                    .events()
                    .publish(new AdminEvent.StatusChanged(MachineStatus.up(stopped, ownership))));
  }

  /**
   * Says where the guest is, of a migration that is undecided.
   *
   * @param proof what the source shows, or {@link MigrationAdmin#SOURCE_LOST}
   * @return false if the proof is not the source's
   * @throws IOException if the machine is ending
   */
  boolean decide(boolean here, String proof) throws IOException {
    if (!here) {
      disown("it was decided that the guest is not here");
      return true;
    }
    boolean needsNone = proofHash.isEmpty(); // a QEMU has none
    if (!needsNone && !proof.equals(MigrationAdmin.SOURCE_LOST) && !isProof(proof)) {
      return false;
    }
    own();
    return true;
  }
}
