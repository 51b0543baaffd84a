package holdfast.machine.core;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.config.MachineSpec;
import holdfast.machine.core.SwapProvider.MachineSwaps;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Adds migration to a machine that {@link Holdfast} opens. Found by {@link
 * java.util.ServiceLoader}: {@code holdfast.machine.migration} provides one.
 */
@ProviderType
public interface MigrationProvider {

  /**
   * Returns the check that refuses to start a machine from a file whose guest is elsewhere.
   *
   * @param incoming whether the machine waits for its guest, which will overwrite its files
   */
  ImageCheck imageCheck(boolean incoming);

  /**
   * Waits for what another machine hands over to one that is about to be opened, if it is to.
   *
   * @return {@link Inheritance#NONE} if it opens all by itself
   * @throws AdminException if nobody can hand over anything
   */
  Inheritance inheritance(MachineSpec spec) throws AdminException;

  /**
   * Opens the migrations of a machine, which end with it.
   *
   * @param swaps its swaps, which know its guest writers
   * @param states the parts of its emulator
   * @param events receives what happens
   */
  MigrationAdmin open(Machine machine, MachineSwaps swaps, DeviceStates states, AdminEvents events);
}
