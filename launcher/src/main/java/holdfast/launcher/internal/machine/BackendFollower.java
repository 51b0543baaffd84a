package holdfast.launcher.internal.machine;

import holdfast.backend.api.Backing;
import holdfast.backend.api.PreallocationException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.core.Backend;
import holdfast.machine.core.MachineException;
import holdfast.machine.swap.Swapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes an open memory backend follow its configuration. Used in the machine's thread.
 *
 * @param stored the configurations
 * @param swapper makes the changes that can't be made in place
 */
record BackendFollower(Configurations stored, Swapper swapper) {
  private static final Logger LOG = LoggerFactory.getLogger(BackendFollower.class);

  /**
   * Reads a backend's configuration. If it has changed since the last look, the changes that are
   * possible while the region is in use are made, and the region is swapped if the others require
   * it.
   *
   * @return false if another caller holds the region, and this has to be repeated
   * @throws IOException if the configuration can't be read
   */
  boolean follow(ConfiguredBackend configured) throws IOException {
    Configurations.Look look = stored.look(configured);
    Wish now = look.now();
    if (!look.isNews()) {
      return true;
    }
    if (now == null) {
      configured.mistaken(true);
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
      return follow(configured, now, wanted.object());
    } catch (PreallocationException e) {
      configured.mistaken(true);
      LOG.warn("{}: {}; prealloc=off stays in force", now.place(), e.getMessage());
    } catch (OptionException | MachineException e) {
      configured.mistaken(true);
      LOG.warn(
          "{}; what is open stays as it is{}",
          now.placed(e.getMessage()),
          outlook(configured, now));
      configured.restoreIfOwed(stored);
    }
    return true;
  }

  /** Returns the end of a warning that a configuration can't be followed. */
  private static String outlook(ConfiguredBackend configured, Wish now) {
    return configured.owes() || canComeUp(configured.backend(), now)
        ? ""
        : ", and can't come up again like this";
  }

  /**
   * Returns whether a memory backend could be opened as it is configured, as far as can be checked
   * now.
   */
  private static boolean canComeUp(Backend backend, Wish now) {
    try {
      BackendSpec wanted = Declaration.backend(now).orElseThrow().backend();
      RamBlockSpec spec = backend.specOf(wanted.object());
      return !(spec.backing() instanceof Backing.File file) || canBeOpened(file, spec);
    } catch (OptionException e) {
      return false;
    }
  }

  private static boolean canBeOpened(Backing.File file, RamBlockSpec spec) {
    Path path = file.path();
    if (Files.notExists(path)) {
      Path folder = path.toAbsolutePath().getParent();
      return folder != null && Files.isDirectory(folder) && !spec.has(RamFlag.RAM_READONLY_FD);
    }
    try {
      long size = Files.isRegularFile(path) ? Files.size(path) : 0;
      return size == 0 || size - file.offset().bytes() >= spec.size().bytes();
    } catch (IOException e) {
      return true; // can't be found out
    }
  }

  private boolean follow(ConfiguredBackend configured, Wish now, ParsedObject next)
      throws OptionException, MachineException, PreallocationException {
    Backend backend = configured.backend();
    switch (swapper.swap(backend, next)) {
      case Swapper.Answer.Started() -> {
        if (configured.mistaken(false)) {
          LOG.info("{} is followed again: a swap was started", now.place());
        }
      }
      case Swapper.Answer.Busy(boolean wakes) -> {
        configured.forget();
        return wakes;
      }
      case Swapper.Answer.NotNeeded() -> {
        configured.owesNothing();
        backend.change(next);
        if (configured.mistaken(false)) {
          LOG.info("{} is followed again: what it says is in force", now.place());
        }
      }
      case Swapper.Answer.Refused(String reason) -> {
        configured.mistaken(!configured.owes());
        LOG.warn(
            "{}: {} of memory backend '{}' can't be changed while it is in use{}; {}",
            now.place(),
            String.join(", ", backend.unchangeable(next)),
            backend.region().id(),
            reason.isEmpty() ? "" : ": " + reason,
            configured.owes()
                ? "what is configured now is set back to what is in force"
                : canComeUp(backend, now)
                    ? "what is configured now holds from the machine's next start on"
                    : "what is open stays as it is, and can't come up again like this");
        backend.change(next);
        configured.restoreIfOwed(stored);
      }
    }
    return true;
  }
}
