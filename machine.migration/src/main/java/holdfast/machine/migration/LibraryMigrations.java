package holdfast.machine.migration;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MigrationAdmin;
import holdfast.machine.config.MachineSpec;
import holdfast.machine.core.AdminEvents;
import holdfast.machine.core.DeviceStates;
import holdfast.machine.core.ImageCheck;
import holdfast.machine.core.Inheritance;
import holdfast.machine.core.Machine;
import holdfast.machine.core.MigrationProvider;
import holdfast.machine.core.SwapProvider.MachineSwaps;
import holdfast.machine.swap.Swaps;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Provides the migrations of machines that are opened as a library. */
public final class LibraryMigrations implements MigrationProvider {
  private static final Logger LOG = LoggerFactory.getLogger(LibraryMigrations.class);

  /** Called by {@link java.util.ServiceLoader}. */
  public LibraryMigrations() {}

  @Override
  public ImageCheck imageCheck(boolean incoming) {
    return Migrations.imageCheck(incoming);
  }

  @Override
  public Inheritance inheritance(MachineSpec spec) throws AdminException {
    try (Inheritances waiting = new Inheritances()) {
      return waiting.await(spec, sentence -> LOG.info("the machine is not open yet: {}", sentence));
    }
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
