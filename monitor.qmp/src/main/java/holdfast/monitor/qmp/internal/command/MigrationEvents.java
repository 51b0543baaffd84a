package holdfast.monitor.qmp.internal.command;

import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.monitor.qmp.internal.command.EventShapes.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The events of migrations: QEMU's where their capability is on, in QEMU's order, and ours with all
 * that is known. Used by one thread.
 */
final class MigrationEvents {
  /** QEMU's: another state. */
  static final String STATE = "MIGRATION";

  /** QEMU's: what is dirty was looked for once more. */
  static final String PASS = "MIGRATION_PASS";

  /** Ours: another state, or the end of a round. */
  static final String PROGRESS = "X_HOLDFAST_MIGRATION";

  private final MigrationCapabilities capabilities;
  private MigrationState known = MigrationState.NONE;
  private int rounds;

  MigrationEvents(MigrationCapabilities capabilities) {
    this.capabilities = capabilities;
  }

  /** Returns what clients are told of how far a migration is. */
  List<Event> of(MigrationStatus status) {
    List<Event> all = new ArrayList<>();
    if (status.ram().rounds() > rounds && capabilities.events()) {
      all.add(new Event(PASS, Map.of("pass", status.ram().rounds())));
    }
    if (status.state() != known && capabilities.events()) {
      all.add(new Event(STATE, Map.of("status", status.state().label())));
    }
    known = status.state();
    rounds = status.ram().rounds();
    all.add(new Event(PROGRESS, MigrationShapes.info(status)));
    return all;
  }
}
