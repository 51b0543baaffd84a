package holdfast.launcher.internal.cli;

import holdfast.machine.admin.Door;
import holdfast.machine.config.options.ParsedObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.util.tracker.ServiceTracker;

/** Opens the monitors of the command line. */
record Doors(BundleContext context, ConfigurationAdmin configurations) {
  private static final long LIMIT_MILLIS = TimeUnit.SECONDS.toMillis(10);

  /**
   * Opens the monitors, so that their clients see the machine come up.
   *
   * @throws CommandException with the sentence for the operator if one can't be opened
   */
  void open(MachineRequest request) throws CommandException, IOException, InterruptedException {
    if (request.monitors().isEmpty()) {
      return;
    }
    request.configureMonitors(configurations);
    List<Door> doors = new ArrayList<>();
    BlockingQueue<Door> opened = new LinkedBlockingQueue<>();
    ServiceTracker<Door, Door> tracker =
        new ServiceTracker<Door, Door>(context, Door.class, null) {
          @Override
          public @Nullable Door addingService(ServiceReference<Door> reference) {
            Door door = context.getService(reference);
            if (door != null) {
              opened.add(door);
            }
            return door;
          }
        };
    tracker.open();
    try {
      for (ParsedObject monitor : request.monitors()) {
        Door door = opened.poll(LIMIT_MILLIS, TimeUnit.MILLISECONDS);
        if (door == null) {
          throw new CommandException(
              "the monitor " + monitor.texts() + " did not start: is holdfast.monitor.qmp there?");
        }
        if (door.failure().isPresent()) {
          throw new CommandException(door.failure().get());
        }
        doors.add(door);
      }
      for (Door door : doors) { // all of them are open by now
        door.awaitClient();
      }
    } finally {
      tracker.close();
    }
  }
}
