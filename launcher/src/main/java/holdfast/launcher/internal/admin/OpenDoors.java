package holdfast.launcher.internal.admin;

import holdfast.machine.admin.Door;
import holdfast.machine.admin.MachineSummary.DoorStatus;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/**
 * The doors that are there when somebody asks. They are looked up and not bound, since each of them
 * needs the operator's service itself.
 */
record OpenDoors(BundleContext context) {

  List<DoorStatus> list() {
    List<DoorStatus> all = new ArrayList<>();
    try {
      for (ServiceReference<Door> reference : context.getServiceReferences(Door.class, null)) {
        Door door = context.getService(reference);
        if (door != null) {
          all.add(new DoorStatus(door.place(), door.failure().orElse("")));
          context.ungetService(reference);
        }
      }
    } catch (InvalidSyntaxException e) {
      throw new AssertionError(e);
    }
    all.sort(Comparator.comparing(DoorStatus::place));
    return all;
  }
}
