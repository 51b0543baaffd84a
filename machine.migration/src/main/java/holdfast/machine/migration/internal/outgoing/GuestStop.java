package holdfast.machine.migration.internal.outgoing;

import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.Ownership;
import holdfast.machine.copy.GivenUpException;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.AdminEvents;
import holdfast.machine.core.Machine;
import java.time.Duration;

/**
 * Stops a machine's guest so that nobody else can let it go on, until it is known where it will.
 * Used by one thread.
 */
final class GuestStop {
  private final Machine machine;
  private final GuestWriters writers;
  private final AdminEvents events;
  private boolean made;
  private boolean ran;

  GuestStop(Machine machine, GuestWriters writers, AdminEvents events) {
    this.machine = machine;
    this.writers = writers;
    this.events = events;
  }

  /**
   * Stops it.
   *
   * @param limit how long the writers together may take
   */
  void stop(Duration limit) throws GivenUpException, InterruptedException {
    machine.standing().become(Ownership.LEAVING); // an operator's stop or cont ends before this
    try {
      ran = writers.stop(limit);
      made = true;
    } finally {
      if (!made) {
        machine.standing().become(Ownership.OWNER);
      }
    }
    become(Ownership.LEAVING, true);
  }

  /** Returns whether the guest ran before. */
  boolean ran() {
    return ran;
  }

  /** Lets the guest go on here if it ran before. Does nothing if it isn't stopped by this. */
  void undo() {
    if (made) {
      made = false;
      if (ran) {
        writers.cont();
      }
      become(Ownership.OWNER, !ran);
    }
  }

  /** Leaves the guest stopped here, and says why. */
  void keep(Ownership ownership) {
    become(ownership, true);
  }

  private void become(Ownership ownership, boolean stopped) {
    machine
        .standing()
        .become(
            ownership,
            () ->
                events.publish(new AdminEvent.StatusChanged(MachineStatus.up(stopped, ownership))));
  }
}
