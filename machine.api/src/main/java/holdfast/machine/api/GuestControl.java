package holdfast.machine.api;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The emulator's side of what an operator asks of the guest: to give up a memory device, to start
 * again, to shut down. It is registered as an OSGi service, or without OSGi by {@code
 * Holdfast.addGuestControl}; if there are several, the one that was registered first is asked.
 *
 * <p>Without one nobody can ask the guest: a device is then unplugged at once, as if the guest had
 * given it up, and the other requests are refused.
 *
 * <p>Each call is made by a thread of its own, one at a time for each control. It should return as
 * soon as the guest has its interrupt: after 10 s the operator is told that the emulator does not
 * answer. What it throws is told to the operator, too.
 */
@ConsumerType
public interface GuestControl {

  /** Returns a name for messages, such as {@code vm1's firmware}. */
  String name();

  /**
   * Asks the guest to give up a device. On a machine with ACPI: mark its slot as to be ejected, and
   * raise the notification <i>Eject Request</i> (3) on its device (ACPI 6.4, 5.6.6). The guest
   * answers by {@code _EJ0}, on which {@link Ejection#eject} is called, or by {@code _OST} with a
   * failure, on which {@link Ejection#refuse} is: by any thread, before or after this returns, or
   * never. Called again if the operator asks again meanwhile.
   */
  void requestEjection(Ejection ejection);

  /**
   * Starts the guest again, as a reset button does: at its first instruction, with the memory as it
   * is.
   *
   * @throws UnsupportedOperationException if this emulator can't
   */
  default void reset() {
    throw new UnsupportedOperationException("it has no reset");
  }

  /**
   * Asks the guest to shut down, as a power button does.
   *
   * @throws UnsupportedOperationException if this emulator can't
   */
  default void powerDown() {
    throw new UnsupportedOperationException("it has no power button");
  }
}
