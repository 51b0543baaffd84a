package holdfast.launcher.internal.machine;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.Retention;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.MemoryLayoutException;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Machine;
import holdfast.machine.core.MachineBusyException;
import holdfast.machine.core.MachineException;
import holdfast.machine.core.NoAllocatorException;
import holdfast.machine.core.UnknownBackendException;
import holdfast.machine.swap.Swapper;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a machine that is up follow its configurations: unplugs and removes what is no longer
 * listed or configured, adds and plugs what is new, and changes what can be changed. What an
 * operator adds or removes by hand is written into the configurations here, too, so that it is no
 * difference at the next look.
 *
 * <p>Used in the machine's thread, except for {@link #configured} and {@link #lacksAllocator}.
 */
final class MachineFollower {
  private static final Logger LOG = LoggerFactory.getLogger(MachineComponent.class);

  private final Machine machine;
  private Wish own;

  /** What is open, by the name of its configuration. */
  private final SequencedMap<String, ConfiguredBackend> opened = new LinkedHashMap<>();

  private final SequencedMap<String, Plugged> plugged = new LinkedHashMap<>();

  /** What is open and configured, by its id. */
  private final Map<String, ConfiguredBackend> byId = new ConcurrentHashMap<>();

  private final Map<String, Optional<Wish>> seen = new HashMap<>();

  /** The PIDs of configurations that differ from what is in force, as already reported. */
  private final Set<String> mistaken = new HashSet<>();

  /** What could not be done, by PID, and the number of changes then: it is tried after another. */
  private final Map<String, Attempt> failed = new HashMap<>();

  private int changes;
  private volatile boolean lacksAllocator;

  /** A plugged device, and the configuration that declared it. */
  private record Plugged(Declaration declaration, MemoryDevice device) {}

  /** An attempt to follow a configuration that failed. */
  private record Attempt(Optional<Wish> wish, int changes) {}

  /**
   * @param own the machine's configuration
   * @param listed what it lists, which is open in the same order
   */
  MachineFollower(Machine machine, Wish own, Listed listed) {
    this.machine = machine;
    this.own = own;
    seen.put(own.pid(), Optional.of(own));
    for (int number = 0; number < listed.backends.size(); number++) {
      opened(listed.backends.get(number).wish(), machine.backends().get(number));
    }
    for (int number = 0; number < listed.devices.size(); number++) {
      plugged(listed.devices.get(number), machine.plugged().get(number));
    }
  }

  private void opened(Wish wish, Backend backend) {
    ConfiguredBackend configured = new ConfiguredBackend(backend, wish);
    opened.put(wish.name(), configured);
    byId.put(backend.region().id().value(), configured);
  }

  private void plugged(Declaration declaration, MemoryDevice device) {
    plugged.put(declaration.name(), new Plugged(declaration, device));
    seen.put(declaration.wish().pid(), Optional.of(declaration.wish()));
  }

  /**
   * Returns the memory backend with this id and its configuration; empty if no configuration
   * declares it.
   */
  Optional<ConfiguredBackend> configured(String id) {
    return Optional.ofNullable(byId.get(id));
  }

  /** Returns whether something could not be added for lack of an allocator. */
  boolean lacksAllocator() {
    return lacksAllocator;
  }

  /** Returns what a machine's configuration says of the machine itself. */
  static ParsedObject definition(Wish own) throws OptionException {
    Map<String, Object> properties = new HashMap<>(own.properties());
    properties.remove(MachineComponent.OBJECTS);
    properties.remove(MachineComponent.DEVICES);
    return MachineDefinition.BOTH.checkConfiguration(own.place(), properties);
  }

  /**
   * Compares the configurations with what is in force, and makes the changes that follow.
   *
   * @return whether something is held by another caller, so that this has to be repeated
   * @throws IOException if the configurations can't be read
   */
  boolean follow(Wish present, List<Wish> wishes, Configurations stored, Swapper swapper)
      throws IOException {
    Listed listed = new Listed(present, wishes);
    followOwn(present, listed);
    boolean busy = false;
    if (listed.ambiguous.isEmpty()) {
      unplugGone(listed, wishes);
      busy = removeGone(listed, wishes);
      lacksAllocator = false;
      addNew(listed);
      plugNew(listed);
    }
    followDevices(wishes);
    BackendFollower follower = new BackendFollower(stored, swapper);
    for (ConfiguredBackend configured : opened.values()) {
      busy |= !follower.follow(configured);
    }
    return busy;
  }

  private boolean isNews(String pid, Optional<Wish> now) {
    return !now.equals(seen.put(pid, now));
  }

  /** Records that a configuration is followed, and logs it if it was not followed before. */
  private void isFollowed(Wish wish, boolean didNot) {
    mistaken.remove(wish.pid());
    if (didNot) {
      LOG.info("{} is followed again: what it says is in force", wish.place());
    }
  }

  private void followOwn(Wish present, Listed listed) {
    Wish before = own;
    own = present;
    if (!isNews(present.pid(), Optional.of(present))) {
      return;
    }
    boolean wasFollowed = mistaken.add(present.pid());
    try {
      ParsedObject next = definition(present);
      MachineDefinition.memory(
          next,
          MachineDefinition.memoryBackend(next)
              .flatMap(machine::find)
              .map(backend -> backend.region().size())
              .orElse(null));
      if (!listed.ambiguous.isEmpty() || !listed.missing.isEmpty()) {
        LOG.warn(
            "{}; what is up stays as it is, and can't come up again like this",
            listed.ambiguous.isEmpty() ? listed.reason(present) : listed.ambiguous);
      } else if (!next.equals(definition(before))) {
        LOG.warn(
            "{}: the change takes effect when the machine starts again; what is up stays as it is",
            present.place());
      } else {
        isFollowed(present, !wasFollowed);
      }
    } catch (OptionException e) {
      LOG.warn("{}; what is up stays as it is, and can't come up again like this", e.getMessage());
    } catch (MemoryLayoutException e) {
      LOG.warn(
          "{}: {}; what is up stays as it is, and can't come up again like this",
          present.place(),
          e.getMessage());
    }
  }

  /** Unplugs the devices whose configuration is gone, or is no longer listed. */
  private void unplugGone(Listed listed, List<Wish> wishes) {
    Set<String> wanted = names(listed.devices);
    for (Plugged one : List.copyOf(plugged.values())) {
      String name = one.declaration().name();
      if (wanted.contains(name)) {
        continue;
      }
      try {
        machine.unplug(one.device().id());
        forget(one);
        LOG.info(
            "device '{}' is unplugged: {}", name, why(one.declaration().wish(), wishes, listed));
      } catch (MachineException e) {
        LOG.warn("device '{}' is not unplugged: {}", name, e.getMessage());
      }
    }
  }

  private void forget(Plugged one) {
    plugged.remove(one.declaration().name());
    seen.remove(one.declaration().wish().pid());
    mistaken.remove(one.declaration().wish().pid());
    changes++;
  }

  private static Set<String> names(List<Declaration> declared) {
    Set<String> names = new HashSet<>();
    declared.forEach(one -> names.add(one.name()));
    return names;
  }

  /** Returns why something is no longer asked for, with what to do if that is a contradiction. */
  private String why(Wish last, List<Wish> wishes, Listed listed) {
    if (wishes.stream().anyMatch(wish -> wish.pid().equals(last.pid()))) {
      return own.place() + " no longer lists it";
    }
    return listed.missing.contains(last.name())
        ? last.place()
            + " is gone; take it out of "
            + own.place()
            + ", too: the machine can't come up again like this"
        : last.place() + " is gone";
  }

  /**
   * Removes the memory backends whose configuration is gone, or is no longer listed, if nothing
   * uses them.
   *
   * @return whether one is held by another caller
   */
  private boolean removeGone(Listed listed, List<Wish> wishes) {
    Set<String> wanted = names(listed.backends);
    boolean busy = false;
    for (Map.Entry<String, ConfiguredBackend> entry : List.copyOf(opened.entrySet())) {
      ConfiguredBackend configured = entry.getValue();
      if (wanted.contains(entry.getKey())) {
        continue;
      }
      String id = configured.backend().region().id().value();
      Wish last = configured.lastSeen();
      try {
        machine.removeObject(id);
        forget(entry.getKey(), configured);
        LOG.info(
            "memory backend '{}' is removed{}",
            id,
            last == null ? "" : ": " + why(last, wishes, listed));
      } catch (MachineBusyException e) {
        busy = true;
      } catch (MachineException e) {
        boolean isListedNoMore = wishes.stream().anyMatch(w -> w.pid().equals(configured.pid()));
        if (isListedNoMore && isFirst(configured.pid(), Optional.of(own))) {
          LOG.warn(
              "{} no longer lists memory backend '{}', but it stays: {}",
              own.place(),
              id,
              e.getMessage());
        }
      }
    }
    return busy;
  }

  private void forget(String name, ConfiguredBackend configured) {
    opened.remove(name);
    byId.values().remove(configured);
    failed.remove(configured.pid());
    changes++;
  }

  /** Records a failure; returns whether it is to be reported, as it was not before. */
  private boolean isFirst(String pid, Optional<Wish> wish) {
    Attempt before = failed.put(pid, new Attempt(wish, changes));
    return before == null || !before.wish().equals(wish);
  }

  /** Returns whether nothing has changed since the last attempt to follow this configuration. */
  private boolean failedBefore(Wish wish) {
    return new Attempt(Optional.of(wish), changes).equals(failed.get(wish.pid()));
  }

  /** Opens the memory backends that are listed and not open. */
  private void addNew(Listed listed) {
    for (Declaration declared : listed.backends) {
      Wish wish = declared.wish();
      if (opened.containsKey(declared.name())) {
        continue;
      }
      try {
        opened(wish, machine.addObject(declared.backend()));
        added(wish);
      } catch (NoAllocatorException e) {
        lacksAllocator = true;
        notAdded(wish, "" + e.getMessage());
      } catch (OptionException | MachineException e) {
        if (!failedBefore(wish)) {
          notAdded(wish, "" + e.getMessage());
        }
      }
    }
  }

  private void added(Wish wish) {
    failed.remove(wish.pid());
    changes++;
  }

  private void notAdded(Wish wish, String reason) {
    if (isFirst(wish.pid(), Optional.of(wish))) {
      LOG.warn(
          "{}; it is not added to the machine that is up, which can't come up again like this",
          wish.placed(reason));
    }
  }

  /** Plugs the devices that are listed and not plugged. */
  private void plugNew(Listed listed) {
    for (Declaration declared : listed.devices) {
      Wish wish = declared.wish();
      if (plugged.containsKey(declared.name()) || failedBefore(wish)) {
        continue;
      }
      try {
        plugged(declared, machine.plug(declared.device()));
        added(wish);
      } catch (UnknownBackendException e) {
        notAdded(wish, e.problem() + "; " + Origin.CONFIGURATIONS.addBackend(e.id()));
      } catch (OptionException | MachineException e) {
        notAdded(wish, "" + e.getMessage());
      }
    }
  }

  private void followDevices(List<Wish> wishes) {
    for (Plugged one : plugged.values()) {
      Declaration device = one.declaration();
      Optional<Wish> now =
          wishes.stream().filter(wish -> wish.pid().equals(device.wish().pid())).findFirst();
      if (now.isEmpty() || !isNews(device.wish().pid(), now)) {
        continue;
      }
      boolean wasFollowed = mistaken.add(device.wish().pid());
      try {
        ParsedObject next = new Declaration(device.type(), now.get()).object();
        if (machine.find(DeviceDefinitions.memdev(next)).isEmpty()) {
          LOG.warn(
              "{}: memdev={} names no memory backend of the machine that is up; device '{}' stays as"
                  + " it is",
              now.get().place(),
              DeviceDefinitions.memdev(next),
              device.name());
        } else if (!next.equals(device.object())) {
          LOG.warn(
              "device '{}': {} changed; the change takes effect when the machine starts again",
              device.name(),
              now.get().place());
        } else {
          isFollowed(now.get(), !wasFollowed);
        }
      } catch (OptionException e) {
        LOG.warn(
            "{}; device '{}' stays as it is, and can't come up again like this",
            e.getMessage(),
            device.name());
      }
    }
  }

  /**
   * Records a memory backend that an operator added in a configuration, and lists it.
   *
   * @param stored null while configurations can't be written
   */
  Retention added(Backend backend, BackendSpec spec, @Nullable Configurations stored) {
    ParsedObject object = spec.object();
    return declare(
        stored,
        MachineComponent.OBJECTS,
        BackendDefinitions.factoryPid(object.typeName()),
        spec.id(),
        BackendDefinitions.type(object.typeName()).written(object),
        wish -> opened(wish, backend));
  }

  /** Records a device that an operator plugged in a configuration, and lists it. */
  Retention added(MemoryDevice device, ParsedObject object, @Nullable Configurations stored) {
    return declare(
        stored,
        MachineComponent.DEVICES,
        BackendDefinitions.factoryPid(object.typeName()),
        device.id(),
        object.properties(),
        wish -> Declaration.device(wish).ifPresent(declared -> plugged(declared, device)));
  }

  /** Receives the configuration that was made. */
  private interface Declared {
    void as(Wish wish);
  }

  private Retention declare(
      @Nullable Configurations stored,
      String list,
      String factoryPid,
      String name,
      Map<String, String> properties,
      Declared declared) {
    changes++;
    if (stored == null) {
      return lost("ConfigAdmin, which stores it, is gone");
    }
    try {
      Optional<Wish> made =
          stored.declare(factoryPid, name, properties, own.isOfCommandLine());
      if (made.isEmpty()) {
        return lost(
            "there is a configuration " + factoryPid + "~" + name + ", which is not listed");
      }
      declared.as(made.get());
      relist(stored, list, name, true);
      return Retention.STORED;
    } catch (IOException e) {
      return lost("its configuration can't be written (" + e.getMessage() + ")");
    }
  }

  private static Retention lost(String reason) {
    return new Retention("until the machine ends, since " + reason);
  }

  private void relist(Configurations stored, String list, String name, boolean add)
      throws IOException {
    Wish next = stored.relist(own, list, name, add);
    if (Optional.of(own).equals(seen.get(own.pid()))) { // else there is a change to look at
      seen.put(own.pid(), Optional.of(next));
      own = next;
    }
  }

  /** Deletes the configuration of a memory backend that an operator removed. */
  Retention removed(String id, @Nullable Configurations stored) {
    ConfiguredBackend configured = byId.get(id);
    if (configured == null) {
      changes++;
      return Retention.STORED;
    }
    String name =
        opened.entrySet().stream()
            .filter(entry -> entry.getValue().equals(configured))
            .map(Map.Entry::getKey)
            .findFirst()
            .orElseThrow();
    forget(name, configured);
    return retract(stored, MachineComponent.OBJECTS, name, configured.pid());
  }

  /** Deletes the configuration of a device that an operator unplugged. */
  Retention removed(MemoryDevice device, @Nullable Configurations stored) {
    Optional<Plugged> known =
        plugged.values().stream().filter(one -> one.device().equals(device)).findFirst();
    if (known.isEmpty()) {
      changes++;
      return Retention.STORED;
    }
    forget(known.get());
    Wish wish = known.get().declaration().wish();
    return retract(stored, MachineComponent.DEVICES, wish.name(), wish.pid());
  }

  private Retention retract(@Nullable Configurations stored, String list, String name, String pid) {
    if (stored == null) {
      return lost("ConfigAdmin, which lists it, is gone");
    }
    try {
      relist(stored, list, name, false);
      stored.delete(pid);
      return Retention.STORED;
    } catch (IOException e) {
      return lost("its configuration can't be deleted (" + e.getMessage() + ")");
    }
  }
}
