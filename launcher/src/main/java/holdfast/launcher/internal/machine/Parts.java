package holdfast.launcher.internal.machine;

import holdfast.machine.api.MemoryDevice;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Machine;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What of a machine that is up is configured: its own configuration, and each open memory backend
 * and plugged device with the configuration that declared it. What is open and not configured, such
 * as implicit base RAM, is not among them.
 *
 * <p>Used in the machine's thread, except for {@link #configured}.
 */
final class Parts {
  private final Machine machine;
  private final Wish inForce;
  private Wish own;

  /** By the name of its configuration, as are {@link #plugged}. */
  private final SequencedMap<String, ConfiguredBackend> opened = new LinkedHashMap<>();

  private final SequencedMap<String, Plugged> plugged = new LinkedHashMap<>();
  private final Map<String, ConfiguredBackend> byId = new ConcurrentHashMap<>();
  private final Map<String, Optional<Wish>> seen = new HashMap<>();

  /** What an operator removed while its configuration could not be deleted, by PID. */
  private final Map<String, Wish> withdrawn = new HashMap<>();

  private int changes;

  /** A plugged device, and the configuration that declared it. */
  record Plugged(Declaration declaration, MemoryDevice device) {}

  /**
   * @param own the machine's configuration
   * @param listed what it lists, which is open in the same order
   */
  Parts(Machine machine, Wish own, Listed listed) {
    this.machine = machine;
    this.inForce = own;
    this.own = own;
    seen.put(own.pid(), Optional.of(own));
    for (int number = 0; number < listed.backends.size(); number++) {
      opened(listed.backends.get(number).wish(), machine.backends().get(number));
    }
    for (int number = 0; number < listed.devices.size(); number++) {
      plugged(listed.devices.get(number), machine.plugged().get(number));
    }
    changes = 0;
  }

  /** Returns the machine. */
  Machine machine() {
    return machine;
  }

  /** Returns the machine's configuration at the last look, or when it was written here. */
  Wish own() {
    return own;
  }

  /** Returns the configuration that the machine was opened with. */
  Wish inForce() {
    return inForce;
  }

  /** Records the machine's configuration. */
  void own(Wish present) {
    own = present;
  }

  /** Returns the number of parts that came or went so far. */
  int changes() {
    return changes;
  }

  /** Records a look at a configuration; returns whether it is another one than at the last look. */
  boolean isNews(String pid, Optional<Wish> now) {
    return !now.equals(seen.put(pid, now));
  }

  /** Records that the machine's own configuration was written here, unless a change is unseen. */
  void wrote(Wish next) {
    if (Optional.of(own).equals(seen.get(own.pid()))) {
      seen.put(own.pid(), Optional.of(next));
      own = next;
    }
  }

  /** Records a memory backend that was opened. */
  void opened(Wish wish, Backend backend) {
    ConfiguredBackend configured = new ConfiguredBackend(backend, wish);
    opened.put(wish.name(), configured);
    byId.put(backend.region().id().value(), configured);
    changes++;
  }

  /** Records a device that was plugged. */
  void plugged(Declaration declaration, MemoryDevice device) {
    plugged.put(declaration.name(), new Plugged(declaration, device));
    seen.put(declaration.wish().pid(), Optional.of(declaration.wish()));
    changes++;
  }

  /** Records that a memory backend was removed. */
  void removed(ConfiguredBackend configured) {
    opened.values().remove(configured);
    byId.values().remove(configured);
    changes++;
  }

  /** Records that a device was unplugged. */
  void removed(Plugged one) {
    plugged.remove(one.declaration().name());
    seen.remove(one.declaration().wish().pid());
    changes++;
  }

  /** Records that a part was removed, and that its configuration could not be deleted. */
  void withdrawn(Wish wish) {
    withdrawn.put(wish.pid(), wish);
  }

  /**
   * Forgets what was withdrawn, except for configurations that are still listed and have not
   * changed since.
   */
  void keepWithdrawn(Listed listed) {
    Set<Wish> present = new HashSet<>();
    listed.backends.forEach(declared -> present.add(declared.wish()));
    listed.devices.forEach(declared -> present.add(declared.wish()));
    withdrawn.values().retainAll(present);
  }

  /** Returns whether a part with this configuration was removed, and is not to come back by it. */
  boolean isWithdrawn(Wish wish) {
    return withdrawn.containsKey(wish.pid());
  }

  /** Returns the configured memory backends by the names of their configurations. */
  SequencedMap<String, ConfiguredBackend> backends() {
    return new LinkedHashMap<>(opened);
  }

  /** Returns the configured devices by the names of their configurations. */
  SequencedMap<String, Plugged> devices() {
    return new LinkedHashMap<>(plugged);
  }

  /** Returns the configured memory backend with this id, if there is one. */
  Optional<ConfiguredBackend> configured(String id) {
    return Optional.ofNullable(byId.get(id));
  }

  /** Returns the configured device, if it is one. */
  Optional<Plugged> find(MemoryDevice device) {
    return List.copyOf(plugged.values()).stream()
        .filter(one -> one.device().equals(device))
        .findFirst();
  }
}
