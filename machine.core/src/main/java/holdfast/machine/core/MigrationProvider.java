package holdfast.machine.core;

import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.core.SwapProvider.MachineSwaps;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Adds migration to a machine that {@link Holdfast} opens. Found by {@link
 * java.util.ServiceLoader}: {@code holdfast.machine.migration} provides one.
 */
@ProviderType
public interface MigrationProvider {

  /** Returns the check that refuses to start a machine from a file whose guest is elsewhere. */
  ImageCheck imageCheck();

  /**
   * Opens the migrations of a machine, which end with it.
   *
   * @param swaps its swaps, which know its guest writers
   * @param states the parts of its emulator
   * @param events receives what happens
   */
  MigrationAdmin open(Machine machine, MachineSwaps swaps, DeviceStates states, AdminEvents events);
}
