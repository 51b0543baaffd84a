package holdfast.machine.core;

import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.BusyException;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.admin.Unplugging;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestControl;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.core.SwapProvider.MachineSwaps;
import java.util.Optional;

/** What an operator asks of a machine's guest. Thread-safe. */
final class GuestRequests {
  private final Machine machine;
  private final GuestControls controls;
  private final Ejections ejections;
  private final AdminEvents events;

  GuestRequests(Machine machine, GuestControls controls, AdminEvents events) {
    this.machine = machine;
    this.controls = controls;
    this.events = events;
    this.ejections = new Ejections(events);
    machine.watch(ejections);
    machine.afterClose(ejections::close);
  }

  Optional<MemoryDevice> device(String id) {
    return machine.memory().devices().stream().filter(one -> one.id().equals(id)).findFirst();
  }

  /**
   * Asks the guest to give up a device; where nobody can ask, unplugs it.
   *
   * @param removal unplugs it
   */
  Unplugging eject(MemoryDevice device, Removal removal) throws AdminException {
    machine.standing().requireHere();
    Ejections.Asked asked = ejections.of(device, removal);
    if (!machine.memory().devices().contains(device)) {
      ejections.deviceUnplugged(device); // perhaps before the request was there to be ended
      return asked;
    }
    if (!controls.isThere() || device.driver() == DeviceKind.RAM) {
      asked.ejectNow(); // which refuses base RAM
      return asked;
    }
    try {
      controls.call(
          "ask the guest for device '" + device.id() + "'",
          one -> {
            one.requestEjection(asked);
            asked.wasGiven(); // also if nobody waits for it any longer
          });
    } catch (RefusedException e) {
      asked.withdraw(e.getMessage()); // one that hangs may still ask the guest
      throw e;
    }
    return asked;
  }

  void reset() throws AdminException {
    // not under the lock of that: an emulator may stop and resume the guest writers to do it
    machine.standing().requireHere();
    controls.call("reset the guest", GuestControl::reset);
    events.publish(new AdminEvent.GuestReset());
  }

  void powerDown() throws AdminException {
    machine.standing().requireHere();
    controls.call("ask the guest to shut down", GuestControl::powerDown);
    events.publish(new AdminEvent.PowerDownRequested());
  }

  /**
   * Stops the writers.
   *
   * @throws RefusedException if the guest is not here
   */
  void stop(MachineSwaps swaps) throws BusyException, RefusedException {
    machine.standing().whileHere(() -> stopHere(swaps));
  }

  private void stopHere(MachineSwaps swaps) throws BusyException {
    try {
      if (swaps.stop()) {
        events.publish(new AdminEvent.StatusChanged(MachineStatus.up(true)));
      }
    } catch (MachineBusyException e) {
      throw new BusyException(e);
    }
  }

  /**
   * Resumes the writers.
   *
   * @throws RefusedException if the guest is not here
   */
  void cont(MachineSwaps swaps) throws RefusedException {
    machine
        .standing()
        .whileHere(
            () -> { // the events have the order of the changes
              if (swaps.cont()) {
                events.publish(new AdminEvent.StatusChanged(MachineStatus.up(false)));
              }
            });
  }
}
