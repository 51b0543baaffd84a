package holdfast.launcher.internal.machine;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Warns of configurations that look like Holdfast's but have no effect. Used in the machine's
 * thread.
 */
final class Strays {
  private static final Logger LOG = LoggerFactory.getLogger(MachineComponent.class);

  private final Set<Wish> warned = new HashSet<>();

  /** Warns of those that were not there at the last look. */
  void warn(List<Wish> wishes) {
    warned.retainAll(wishes);
    for (Wish wish : wishes) {
      boolean named = wish.pid().contains("~");
      if (wish.factoryPid().equals(MachineComponent.PID) && named && warned.add(wish)) {
        LOG.warn(
            "{} is not used: there is one machine in a process, and its configuration is {} ({}.cfg),"
                + " without a name: take this one away",
            wish.place(),
            MachineComponent.PID,
            MachineComponent.PID);
      } else if (!named && isDeclaration(wish) && warned.add(wish)) {
        LOG.warn(
            "{} is not used: it has no name by which {} could list it: call it {}-NAME.cfg, or give"
                + " it the PID {}~NAME",
            wish.place(),
            MachineComponent.PID,
            wish.pid(),
            wish.pid());
      }
    }
  }

  private static boolean isDeclaration(Wish wish) {
    return Declaration.backend(wish).isPresent() || Declaration.device(wish).isPresent();
  }
}
