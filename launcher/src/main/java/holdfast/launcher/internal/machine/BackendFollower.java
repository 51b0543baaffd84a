package holdfast.launcher.internal.machine;

import holdfast.machine.core.Backend;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.core.MachineException;
import holdfast.machine.core.Machine;
import holdfast.machine.swap.Swapper;

import holdfast.backend.api.PreallocationException;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes an open memory backend follow its configuration. Used in the machine's thread.
 *
 * @param stored the configurations
 * @param swapper moves a backend to what can't be changed in place
 */
record BackendFollower(Configurations stored, Swapper swapper) {
  private static final Logger LOG = LoggerFactory.getLogger(Machine.class);

  /**
   * Looks at a backend's configuration: if it says something that it did not say at the last look,
   * the region takes over what can be changed while it is in use, and is swapped if the rest asks
   * for it.
   *
   * @return false if somebody else has the region, and this has to be done again
   * @throws IOException if nobody can tell what is configured
   */
  boolean follow(ConfiguredBackend configured) throws IOException {
    Configurations.Look look = stored.look(configured);
    Wish now = look.now();
    if (!look.isNews()) {
      return true;
    }
    if (now == null) {
      LOG.warn(
          "memory backend '{}': {} is gone; it stays until the machine ends, which can't come up"
              + " again without it",
          configured.backend().region().id(),
          look.before() == null ? "its configuration" : look.before().place());
      return true;
    }
    try {
      BackendSpec wanted = Declaration.backend(now).orElseThrow().backend();
      configured.backend().use(wanted.allocator());
      return follow(configured, wanted.object());
    } catch (PreallocationException e) {
      LOG.warn("{}; prealloc=off stays in force", e.getMessage());
    } catch (OptionException | MachineException e) {
      LOG.warn("{}; what is open stays as it is", e.getMessage());
      configured.restoreIfOwed(stored);
    }
    return true;
  }

  private boolean follow(ConfiguredBackend configured, ParsedObject next)
      throws OptionException, MachineException, PreallocationException {
    Backend backend = configured.backend();
    switch (swapper.swap(backend, next)) {
      case Swapper.Answer.Started() -> {}
      case Swapper.Answer.Busy(boolean wakes) -> {
        configured.forget();
        return wakes;
      }
      case Swapper.Answer.NotNeeded() -> {
        configured.owesNothing();
        backend.change(next);
      }
      case Swapper.Answer.Refused(String reason) -> {
        LOG.warn(
            "memory backend '{}': can't be changed while it is in use: {}{}; what is configured now"
                + " {}",
            backend.region().id(),
            String.join(", ", backend.unchangeable(next)),
            reason.isEmpty() ? "" : " (" + reason + ")",
            configured.owes()
                ? "is set back to what is in force"
                : "holds from the machine's next start on");
        backend.change(next);
        configured.restoreIfOwed(stored);
      }
    }
    return true;
  }
}
