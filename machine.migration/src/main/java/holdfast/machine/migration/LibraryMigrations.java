package holdfast.machine.migration;

import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.core.AdminEvents;
import holdfast.machine.core.DeviceStates;
import holdfast.machine.core.ImageCheck;
import holdfast.machine.core.Machine;
import holdfast.machine.core.MigrationProvider;
import holdfast.machine.core.SwapProvider.MachineSwaps;
import holdfast.machine.swap.Swaps;

/** Provides the migrations of machines that are opened as a library. */
public final class LibraryMigrations implements MigrationProvider {

  /** Called by {@link java.util.ServiceLoader}. */
  public LibraryMigrations() {}

  @Override
  public ImageCheck imageCheck(boolean incoming) {
    return Migrations.imageCheck(incoming);
  }

  @Override
  public MigrationAdmin open(
      Machine machine, MachineSwaps swaps, DeviceStates states, AdminEvents events) {
    if (!(swaps instanceof Swaps known)) {
      throw new IllegalArgumentException("the swaps are not those of holdfast.machine.swap");
    }
    Migrations migrations = new Migrations(machine, known.writers(), states, events);
    migrations.serve();
    return migrations;
  }
}
