package holdfast.launcher.internal.cli;

import holdfast.launcher.internal.machine.MachineComponent;
import holdfast.launcher.internal.machine.MachineState;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.core.Machine;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.util.tracker.ServiceTracker;

/** Brings up the machine of the command line, and waits for the outcome. */
final class MachineStart {
  private static final long LIMIT_MILLIS = TimeUnit.SECONDS.toMillis(10);

  private final BundleContext context;
  private final ConfigurationAdmin configurations;

  MachineStart(BundleContext context, ConfigurationAdmin configurations) {
    this.context = context;
    this.configurations = configurations;
  }

  /**
   * Configures the machine and waits until it is up.
   *
   * @throws CommandException with the sentence for the operator if it does not come up
   */
  Machine start(MachineRequest request) throws CommandException, IOException, InterruptedException {
    new Doors(context, configurations).open(request);
    ServiceTracker<MachineComponent, MachineComponent> tracker =
        new ServiceTracker<>(context, MachineComponent.class, null);
    tracker.open();
    try {
      MachineComponent component = tracker.waitForService(LIMIT_MILLIS);
      if (component == null) {
        throw new CommandException(
            "the machine's component did not start: see the log of the component runtime");
      }
      component.write(() -> request.configure(configurations));
      Machine machine = up(component.awaitSettled(LIMIT_MILLIS));
      if (machine.incoming().isPresent()) {
        requireReception();
      }
      return machine;
    } finally {
      tracker.close();
    }
  }

  /** Checks that the machine's guest can come from where the command line says. */
  private void requireReception() throws CommandException, InterruptedException {
    ServiceTracker<MachineAdmin, MachineAdmin> tracker =
        new ServiceTracker<>(context, MachineAdmin.class, null);
    tracker.open();
    try {
      MachineAdmin admin = tracker.waitForService(LIMIT_MILLIS);
      MigrationStatus status = admin == null ? MigrationStatus.NONE : admin.migration().status();
      if (status.incoming() && status.state() == MigrationState.FAILED) {
        throw new CommandException("-incoming: " + status.error().orElse("it failed"));
      }
    } catch (AdminException e) {
      throw new CommandException("-incoming: " + e.getMessage());
    } finally {
      tracker.close();
    }
  }

  /**
   * Returns the machine that is up.
   *
   * @throws CommandException with the sentence for the operator if none is
   */
  static Machine up(MachineState state) throws CommandException {
    return switch (state) {
      case MachineState.Up(Machine machine) -> machine;
      case MachineState.Failed(String reason) -> throw new CommandException(reason);
      case MachineState.Waiting(String reason) -> throw new CommandException(reason);
      case MachineState.Incomplete(_, String reason) -> throw new CommandException(reason);
      case MachineState.Unconfigured unconfigured ->
          throw new CommandException("the configuration service has lost the machine");
      case MachineState.Starting starting -> throw new CommandException("interrupted");
      case MachineState.Ended ended -> throw new CommandException("the machine was ended");
    };
  }
}
