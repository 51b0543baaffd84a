package holdfast.machine.migration;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.BusyException;
import holdfast.machine.admin.HostException;
import holdfast.machine.admin.InvalidRequestException;
import holdfast.machine.admin.MigratedRam;
import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.admin.MigrationParameters;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.Ownership;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.api.RegionState;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.copy.Cancellation;
import holdfast.machine.copy.GivenUpException;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.AdminEvents;
import holdfast.machine.core.Backend;
import holdfast.machine.core.DeviceStates;
import holdfast.machine.core.ImageCheck;
import holdfast.machine.core.Machine;
import holdfast.machine.core.Region;
import holdfast.machine.migration.internal.channel.MigrationAddress;
import holdfast.machine.migration.internal.course.Hold;
import holdfast.machine.migration.internal.handover.Giver;
import holdfast.machine.migration.internal.handover.HandedOver;
import holdfast.machine.migration.internal.incoming.IncomingMigration;
import holdfast.machine.migration.internal.incoming.Reception;
import holdfast.machine.migration.internal.outgoing.Link;
import holdfast.machine.migration.internal.outgoing.OutgoingMigration;
import holdfast.machine.migration.internal.outgoing.OutgoingMigration.Kind;
import holdfast.machine.migration.internal.ownership.MigrationNotes;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The migrations of one machine. */
public final class Migrations implements MigrationAdmin {
  private static final Logger LOG = LoggerFactory.getLogger(Migrations.class);
  private static final Duration END_LIMIT = Duration.ofSeconds(60);

  private final Machine machine;
  private final GuestWriters writers;
  private final DeviceStates states;
  private final AdminEvents events;
  private final Reception reception;
  private volatile ParsedObject parameters = ParameterDefinitions.defaults();
  private volatile @Nullable OutgoingMigration outgoing;

  /** Why nobody can send the machine its guest; empty if somebody can, or it is here. */
  private volatile String deaf = "";

  private boolean closed;

  /**
   * @param writers who store into guest memory
   * @param states the parts of the emulator
   * @param events receives what happens
   */
  public Migrations(
      Machine machine, GuestWriters writers, DeviceStates states, AdminEvents events) {
    this.machine = machine;
    this.writers = writers;
    this.states = states;
    this.events = events;
    this.reception = new Reception(machine, writers, states, events);
  }

  /**
   * Returns the check that refuses to start a machine from a file whose guest is elsewhere, or is
   * not known to be here.
   *
   * @param incoming whether the machine waits for its guest, which will overwrite its files
   */
  public static ImageCheck imageCheck(boolean incoming) {
    return incoming ? MigrationNotes.checkIncoming() : MigrationNotes.check();
  }

  /** Begins to serve the machine, until it ends: a migration that is under way ends before. */
  public void serve() {
    machine.beforeClose(this::close);
  }

  /**
   * Begins to wait for the machine's guest where it says that it comes from, if it does.
   *
   * @throws AdminException if nobody can send it from there; {@link #status} says so, too
   */
  public void awaitGuest() throws AdminException {
    String from = machine.incoming().orElse(MachineDefinition.DEFER);
    if (from.equals(MachineDefinition.DEFER)) {
      return;
    }
    try {
      listen(from);
    } catch (AdminException e) {
      deaf = e.getMessage() + "";
      throw e;
    }
  }

  private void close() {
    OutgoingMigration leaving;
    synchronized (this) {
      closed = true;
      leaving = outgoing;
    }
    reception.close();
    if (leaving == null) {
      return;
    }
    leaving.cancel("the machine ended");
    try {
      if (!leaving.await(END_LIMIT)) {
        LOG.error("the migration to {} does not end", leaving.progress().status().address());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public MigrationStatus status() {
    OutgoingMigration leaving = outgoing;
    if (leaving != null) {
      return leaving.progress().status();
    }
    Optional<IncomingMigration> coming = reception.last();
    if (coming.isPresent()) {
      return coming.get().progress().status();
    }
    Optional<String> address = reception.address();
    if (address.isEmpty() && deaf.isEmpty()) {
      return MigrationStatus.NONE;
    }
    return new MigrationStatus(
        address.isPresent() ? MigrationState.NONE : MigrationState.FAILED,
        true,
        address.orElseGet(() -> machine.incoming().orElse("")),
        address.isPresent() ? Optional.empty() : Optional.of(deaf),
        MigratedRam.NONE,
        Duration.ZERO,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  @Override
  public synchronized void migrate(String address) throws AdminException {
    MigrationAddress to = MigrationAddress.parse(address);
    machine.standing().requireHere();
    if (to instanceof MigrationAddress.Cpr
        && parameters().peer() == MigrationParameters.Peer.QEMU) {
      throw new RefusedException(
          "a QEMU takes no memory over by "
              + to
              + ": say unix:PATH, or set x-holdfast-peer=holdfast");
    }
    OutgoingMigration last = outgoing;
    if (closed) {
      throw new BusyException("the machine is ending");
    }
    if (last != null && last.progress().status().state().isUnderWay()) {
      throw new BusyException(
          "a migration to "
              + last.progress().status().address()
              + " is under way: wait for its end, or cancel it");
    }
    for (Backend backend : machine.backends()) {
      if (backend.region().state() == RegionState.FAILED) {
        throw new RefusedException(
            "memory backend '"
                + backend.region().id()
                + "' has failed, and can't be sent: "
                + backend.region().status().note());
      }
    }
    MigrationParameters now = parameters();
    Hold hold = Hold.of(machine);
    boolean started = false;
    try {
      OutgoingMigration next =
          new OutgoingMigration(
              new OutgoingMigration.Order(
                  machine,
                  writers,
                  events,
                  hold,
                  states.list(),
                  address,
                  cancellation -> link(to, now, cancellation),
                  kind(to, now),
                  handed(to),
                  this::parameters));
      next.start();
      outgoing = next;
      started = true;
    } catch (IOException e) {
      throw new HostException(e.getMessage() == null ? e.toString() : e.getMessage(), e);
    } finally {
      if (!started) {
        hold.close();
      }
    }
  }

  private Link link(MigrationAddress to, MigrationParameters parameters, Cancellation cancellation)
      throws IOException, GivenUpException {
    if (to instanceof MigrationAddress.Cpr(var path)) {
      Giver.give(machine, path, cancellation);
    }
    return Links.to(to, parameters);
  }

  /** Returns what tells of memory whether it is handed over, and not sent. */
  private static Predicate<Region> handed(MigrationAddress to) {
    return to instanceof MigrationAddress.Cpr
        ? region -> HandedOver.descriptor(region).isPresent()
        : region -> false;
  }

  private static Kind kind(MigrationAddress to, MigrationParameters parameters) {
    if (parameters.peer() == MigrationParameters.Peer.QEMU) {
      return Kind.QEMU;
    }
    return to instanceof MigrationAddress.File ? Kind.FILE : Kind.MACHINE;
  }

  @Override
  public void listen(String address) throws AdminException {
    MigrationAddress at = MigrationAddress.parseToListen(address);
    if (machine.incoming().isEmpty() || machine.standing().ownership() != Ownership.AWAITED) {
      throw new RefusedException(
          "the guest is here: only a machine that was started with -incoming takes one in");
    }
    try {
      if (at instanceof MigrationAddress.File file) {
        reception.read(address, Links.from(file));
      } else {
        requireHandedOver(at);
        reception.listen(at, Links.credentials(parameters(), at, true));
        machine.inheritance().ready();
      }
    } catch (IOException e) {
      throw new HostException(e.getMessage() == null ? e.toString() : e.getMessage(), e);
    }
  }

  private void requireHandedOver(MigrationAddress at) throws RefusedException {
    if (at instanceof MigrationAddress.Cpr
        && machine.incoming().filter(at.toString()::equals).isEmpty()) {
      throw new RefusedException(
          "memory can be handed over only before it is opened: start a machine with -incoming "
              + at);
    }
  }

  @Override
  public void cancel() {
    OutgoingMigration leaving = outgoing;
    if (leaving != null) {
      leaving.cancel("it was cancelled");
    }
    reception.cancel();
  }

  @Override
  public MigrationParameters parameters() {
    return ParameterDefinitions.typed(parameters);
  }

  @Override
  public synchronized void setParameters(Map<String, String> changes)
      throws InvalidRequestException {
    ParsedObject next = ParameterDefinitions.with(parameters, changes);
    Optional<String> listening = reception.address();
    if (listening.isPresent()
        && !ParameterDefinitions.typed(next)
            .tlsFolder()
            .equals(ParameterDefinitions.typed(parameters).tlsFolder())) {
      throw new InvalidRequestException(
          "the machine already waits at "
              + listening.get()
              + ", "
              + (parameters().tlsFolder().isEmpty() ? "without TLS" : "with TLS")
              + ": start it with -incoming defer, set x-holdfast-tls-dir, and say then where it"
              + " listens");
    }
    parameters = next;
  }

  @Override
  public synchronized void decide(Decision decision, String proof) throws AdminException {
    boolean here = decision == Decision.HERE;
    OutgoingMigration leaving = outgoing;
    if (closed || status().state() != MigrationState.UNDECIDED) {
      throw new RefusedException("nothing is to be decided: no migration is undecided");
    }
    if (leaving == null) {
      IncomingMigration coming = reception.last().orElseThrow();
      boolean proved;
      try {
        proved = coming.decide(here, proof);
      } catch (IOException e) {
        throw new RefusedException(e.getMessage() + "", e);
      }
      if (!proved) {
        throw new RefusedException(
            "that is not the source's proof: it is in the source's query-migrate, or the note beside"
                + " its file, once the guest has left it, and before that the guest is still there;"
                + " if the source is lost for good, say "
                + SOURCE_LOST
                + " in its place");
      }
      reception.settle();
    } else if (!leaving.decide(here, proof)) {
      throw new RefusedException(
          "the guest has left this machine, and can't go on here; if the destination is lost for good,"
              + " say "
              + DESTINATION_LOST
              + " in the place of a proof");
    }
  }
}
