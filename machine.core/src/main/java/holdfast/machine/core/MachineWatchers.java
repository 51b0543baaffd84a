package holdfast.machine.core;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The watchers of a machine. Thread-safe; one that fails is kept, and logged. */
final class MachineWatchers {
  private static final Logger LOG = LoggerFactory.getLogger(MachineWatchers.class);

  private final List<MachineWatcher> watchers = new CopyOnWriteArrayList<>();

  /** Adds a watcher; returns what removes it. */
  Runnable add(MachineWatcher watcher) {
    watchers.add(watcher);
    return () -> watchers.remove(watcher);
  }

  /** Reports a change to all of them, in this thread. */
  void tell(Consumer<MachineWatcher> change) {
    for (MachineWatcher watcher : watchers) {
      try {
        change.accept(watcher);
      } catch (RuntimeException | LinkageError e) {
        LOG.warn("a watcher of the machine failed: {}", watcher, e); // its bundle may be stopping
      }
    }
  }
}
