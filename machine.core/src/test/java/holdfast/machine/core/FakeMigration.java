package holdfast.machine.core;

import holdfast.backend.api.ByteSize;
import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.InvalidRequestException;
import holdfast.machine.admin.MigratedRam;
import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.admin.MigrationParameters;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.MigrationWords;
import holdfast.machine.admin.RefusedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Migrations that move nothing: a test says how far one is. It remembers what it was asked for.
 * Thread-safe.
 */
public final class FakeMigration implements MigrationAdmin {
  private final AdminEvents events;
  private final List<String> asked = new ArrayList<>();
  private MigrationParameters parameters = MigrationParameters.DEFAULT;
  private MigrationStatus status = MigrationStatus.NONE;

  FakeMigration(AdminEvents events) {
    this.events = events;
  }

  /** A status of a migration of 64 MiB that has sent 12 MiB in 1.5 s. */
  public static MigrationStatus status(
      MigrationState state, boolean incoming, String address, int rounds) {
    boolean stopped = state == MigrationState.COMPLETED || state == MigrationState.UNDECIDED;
    boolean fails = state == MigrationState.FAILED || state == MigrationState.UNDECIDED;
    return new MigrationStatus(
        state,
        incoming,
        address,
        fails ? Optional.of("the peer is gone") : Optional.empty(),
        new MigratedRam(
            new ByteSize(64 << 20),
            new ByteSize(12 << 20),
            new ByteSize(state == MigrationState.COMPLETED ? 0 : 3 << 20),
            3072,
            13312,
            rounds,
            rounds > 1 ? 700 : 0,
            8 << 20),
        Duration.ofMillis(1500),
        state == MigrationState.SETUP ? Optional.empty() : Optional.of(Duration.ofMillis(3)),
        stopped ? Optional.of(Duration.ofMillis(12)) : Optional.empty(),
        state == MigrationState.ACTIVE ? Optional.of(Duration.ofMillis(375)) : Optional.empty());
  }

  /** The status of a destination that waits. */
  public static MigrationStatus waiting(String address) {
    return new MigrationStatus(
        MigrationState.NONE,
        true,
        address,
        Optional.empty(),
        MigratedRam.NONE,
        Duration.ZERO,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** Says how far it is. */
  public void become(MigrationStatus next) {
    synchronized (this) {
      status = next;
    }
    events.publish(new AdminEvent.MigrationProgressed(next));
  }

  /** Says how far the one to or from the present address is. */
  public void become(MigrationState state, int rounds) {
    MigrationStatus now = status();
    become(status(state, now.incoming(), now.address(), rounds));
  }

  /** What it was asked for, in this order. */
  public synchronized List<String> asked() {
    return List.copyOf(asked);
  }

  private synchronized void ask(String what) {
    asked.add(what);
  }

  @Override
  public synchronized MigrationStatus status() {
    return status;
  }

  private static void require(String address) throws InvalidRequestException {
    if (!address.matches("(tcp|unix|file):.+")) {
      throw new InvalidRequestException("Parameter 'uri' expects a valid migration protocol");
    }
  }

  @Override
  public void migrate(String address) throws AdminException {
    require(address);
    ask("migrate " + address);
    become(status(MigrationState.SETUP, false, address, 0));
  }

  @Override
  public void listen(String address) throws AdminException {
    require(address);
    ask("listen " + address);
    become(status(MigrationState.SETUP, true, address, 0));
  }

  @Override
  public void cancel() {
    ask("cancel");
    if (status().state().isUnderWay()) {
      become(MigrationState.CANCELLED, status().ram().rounds());
    }
  }

  @Override
  public synchronized MigrationParameters parameters() {
    return parameters;
  }

  @Override
  public synchronized void setParameters(Map<String, String> changes)
      throws InvalidRequestException {
    Map<String, String> all = MigrationWords.parameters(parameters);
    for (String name : changes.keySet()) {
      if (!all.containsKey(name)) {
        throw new InvalidRequestException("there is no migration parameter " + name);
      }
    }
    all.putAll(changes);
    ask("set " + changes);
    parameters =
        new MigrationParameters(
            Duration.ofMillis(Long.parseLong(all.get(MigrationWords.DOWNTIME_LIMIT))),
            new ByteSize(Long.parseLong(all.get(MigrationWords.MAX_BANDWIDTH))),
            all.get(MigrationWords.PEER).equals("qemu")
                ? MigrationParameters.Peer.QEMU
                : MigrationParameters.Peer.HOLDFAST,
            all.get(MigrationWords.PEER_MACHINE),
            all.get(MigrationWords.TLS_FOLDER),
            all.get(MigrationWords.TLS_HOSTNAME));
  }

  @Override
  public void decide(Decision decision, String proof) throws AdminException {
    if (status().state() != MigrationState.UNDECIDED) {
      throw new RefusedException("nothing is to be decided: no migration is undecided");
    }
    ask("decide " + decision + " " + proof);
    become(
        decision == Decision.HERE ? MigrationState.FAILED : MigrationState.COMPLETED,
        status().ram().rounds());
  }
}
