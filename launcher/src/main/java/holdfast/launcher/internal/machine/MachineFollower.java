package holdfast.launcher.internal.machine;

import holdfast.machine.api.MemoryDevice;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.MemoryLayoutException;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.core.Machine;
import holdfast.machine.core.MachineBusyException;
import holdfast.machine.core.MachineException;
import holdfast.machine.core.NoAllocatorException;
import holdfast.machine.core.UnknownBackendException;
import holdfast.machine.swap.Swapper;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a machine that is up follow its configurations: unplugs and removes what is no longer
 * listed or configured, adds and plugs what is new, and changes what can be changed.
 *
 * <p>Used in the machine's thread, except for {@link #lacksAllocator}.
 */
final class MachineFollower {
  private static final Logger LOG = LoggerFactory.getLogger(MachineComponent.class);

  private final Parts parts;
  private final Machine machine;

  /** The PIDs of configurations that differ from what is in force, as already reported. */
  private final Set<String> mistaken = new HashSet<>();

  /** The devices that the guest was asked for, since they are no longer configured. */
  private final Map<MemoryDevice, Ejector.Question> asked = new HashMap<>();

  /** What could not be done, by PID: it is tried again after another change. */
  private final Map<String, Attempt> failed = new HashMap<>();

  /** Whether the machine's own configuration is without a mistake, so that its lists count. */
  private boolean sound = true;

  private volatile boolean lacksAllocator;

  /**
   * An attempt to follow a configuration that failed.
   *
   * @param changes how many parts of the machine had come or gone then
   */
  private record Attempt(Optional<Wish> wish, int changes) {}

  /**
   * @param parts what is open and configured
   */
  MachineFollower(Parts parts) {
    this.parts = parts;
    this.machine = parts.machine();
  }

  /** Returns what is open and configured. */
  Parts parts() {
    return parts;
  }

  /** Returns whether something could not be added for lack of an allocator. */
  boolean lacksAllocator() {
    return lacksAllocator;
  }

  /**
   * Compares the configurations with what is in force, and makes the changes that follow.
   *
   * @return whether something is held by another caller, so that this has to be repeated
   * @throws IOException if the configurations can't be read
   */
  boolean follow(
      Wish present, List<Wish> wishes, Configurations stored, Swapper swapper, Ejector ejector)
      throws IOException {
    Listed listed = new Listed(present, wishes);
    followOwn(present, listed);
    boolean busy = false;
    if (sound && listed.ambiguous.isEmpty()) {
      unplugGone(listed, wishes, ejector);
      busy = removeGone(listed, wishes);
      lacksAllocator = false;
      parts.keepWithdrawn(listed);
      addNew(listed);
      plugNew(listed);
    }
    Map<String, Wish> byPid = new HashMap<>();
    wishes.forEach(wish -> byPid.put(wish.pid(), wish));
    followDevices(byPid);
    BackendFollower follower = new BackendFollower(stored, swapper);
    for (ConfiguredBackend configured : parts.backends().values()) {
      // one that has changed is read again, so that what is written here is not taken for news
      if (!Objects.equals(byPid.get(configured.pid()), configured.lastSeen())) {
        busy |= !follower.follow(configured);
      }
    }
    return busy;
  }

  /** Records that a configuration is followed, and logs it if it was not followed before. */
  private void isFollowed(Wish wish, boolean didNot) {
    mistaken.remove(wish.pid());
    if (didNot) {
      LOG.info("{} is followed again: what it says is in force", wish.place());
    }
  }

  private void followOwn(Wish present, Listed listed) {
    parts.own(present);
    if (!parts.isNews(present.pid(), Optional.of(present))) {
      return;
    }
    boolean wasFollowed = mistaken.add(present.pid());
    sound = false;
    if (present.saysNothing()) {
      LOG.warn(
          "{} is empty; what is up stays as it is, and can't come up again like this",
          present.place());
      return;
    }
    try {
      ParsedObject next = Listed.definition(present);
      MachineDefinition.memory(
          next,
          MachineDefinition.memoryBackend(next)
              .flatMap(machine::find)
              .map(backend -> backend.region().size())
              .orElse(null));
      sound = true;
      if (!listed.ambiguous.isEmpty() || !listed.missing.isEmpty()) {
        LOG.warn(
            "{}; what is up goes on without it, and can't come up again like this",
            listed.ambiguous.isEmpty() ? listed.reason(present) : listed.ambiguous);
      } else if (!next.equals(Listed.definition(parts.inForce()))) {
        LOG.warn(
            "{}: the change of the machine itself takes effect when it starts again",
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

  /**
   * Unplugs the devices whose configuration is gone, or is no longer listed, or asks the guest for
   * them.
   */
  private void unplugGone(Listed listed, List<Wish> wishes, Ejector ejector) {
    Set<String> wanted = names(listed.devices);
    asked.keySet().removeIf(device -> parts.find(device).isEmpty());
    for (Parts.Plugged one : parts.devices().values()) {
      String name = one.declaration().name();
      if (wanted.contains(name)) {
        asked.remove(one.device());
        continue;
      }
      Ejector.Question before = asked.remove(one.device());
      if (before != null && before.isOpen()) {
        asked.put(one.device(), before); // it goes when the guest gives it up
        continue;
      }
      Optional<Ejector.Question> question = ejector.ask(one.device());
      if (question.isPresent()) {
        asked.put(one.device(), question.get());
        LOG.info(
            "the guest is asked to give up device '{}': {}",
            one.device().id(),
            why(one.declaration().wish(), wishes, listed));
        continue;
      }
      try {
        machine.unplug(one.device());
        parts.removed(one);
        mistaken.remove(one.declaration().wish().pid());
        LOG.info(
            "device '{}' is unplugged: {}",
            one.device().id(),
            why(one.declaration().wish(), wishes, listed));
      } catch (MachineException e) {
        LOG.warn("device '{}' is not unplugged: {}", name, e.getMessage());
      }
    }
  }

  private static Set<String> names(List<Declaration> declared) {
    Set<String> names = new HashSet<>();
    declared.forEach(one -> names.add(one.name()));
    return names;
  }

  /** Returns why something is no longer asked for, with what to do if that is a contradiction. */
  private String why(Wish last, List<Wish> wishes, Listed listed) {
    if (wishes.stream().anyMatch(wish -> wish.pid().equals(last.pid()))) {
      return parts.own().place() + " no longer lists it";
    }
    return listed.missing.contains(last.name())
        ? last.place()
            + " is gone; take it out of "
            + parts.own().place()
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
    for (Map.Entry<String, ConfiguredBackend> entry : parts.backends().entrySet()) {
      ConfiguredBackend configured = entry.getValue();
      if (wanted.contains(entry.getKey())) {
        continue;
      }
      String id = configured.backend().region().id().value();
      Wish last = configured.lastSeen();
      try {
        machine.removeObject(id);
        parts.removed(configured);
        failed.remove(configured.pid());
        LOG.info(
            "memory backend '{}' is removed{}",
            id,
            last == null ? "" : ": " + why(last, wishes, listed));
      } catch (MachineBusyException e) {
        busy = true;
      } catch (MachineException e) {
        boolean isListedNoMore = wishes.stream().anyMatch(w -> w.pid().equals(configured.pid()));
        if (isListedNoMore && isFirst(configured.pid(), Optional.of(parts.own()))) {
          LOG.warn(
              "{} no longer lists memory backend '{}', but it stays: {}",
              parts.own().place(),
              id,
              e.getMessage());
        }
      }
    }
    return busy;
  }

  /** Records a failure; returns whether it is to be reported, as it was not before. */
  private boolean isFirst(String pid, Optional<Wish> wish) {
    Attempt before = failed.put(pid, new Attempt(wish, parts.changes()));
    return before == null || !before.wish().equals(wish);
  }

  /** Returns whether nothing has changed since the last attempt to follow this configuration. */
  private boolean failedBefore(Wish wish) {
    return new Attempt(Optional.of(wish), parts.changes()).equals(failed.get(wish.pid()));
  }

  /** Opens the memory backends that are listed and not open. */
  private void addNew(Listed listed) {
    for (Declaration declared : listed.backends) {
      Wish wish = declared.wish();
      if (parts.backends().containsKey(declared.name()) || parts.isWithdrawn(wish)) {
        continue;
      }
      try {
        parts.opened(wish, machine.addObject(declared.backend()));
        failed.remove(wish.pid());
      } catch (NoAllocatorException e) {
        lacksAllocator = true;
        notAdded(wish, e.getMessage());
      } catch (OptionException | MachineException e) {
        if (!failedBefore(wish)) {
          notAdded(wish, e.getMessage());
        }
      }
    }
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
      if (parts.devices().containsKey(declared.name())
          || parts.isWithdrawn(wish)
          || failedBefore(wish)) {
        continue;
      }
      try {
        parts.plugged(declared, machine.plug(declared.device()));
        failed.remove(wish.pid());
      } catch (UnknownBackendException e) {
        notAdded(wish, e.problem() + "; " + Origin.CONFIGURATIONS.addBackend(e.id()));
      } catch (OptionException | MachineException e) {
        notAdded(wish, e.getMessage());
      }
    }
  }

  private void followDevices(Map<String, Wish> byPid) {
    for (Parts.Plugged one : parts.devices().values()) {
      Declaration device = one.declaration();
      Optional<Wish> now = Optional.ofNullable(byPid.get(device.wish().pid()));
      if (now.isEmpty() || !parts.isNews(device.wish().pid(), now)) {
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
}
