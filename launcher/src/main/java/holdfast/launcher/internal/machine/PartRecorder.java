package holdfast.launcher.internal.machine;

import holdfast.machine.admin.Retention;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.core.Backend;
import java.io.IOException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes into the configurations what an operator added to the machine that is up, or removed from
 * it, so that it is no difference at the next look and holds at the next start. Used in the
 * machine's thread.
 *
 * @param parts what is configured and open
 * @param stored the configurations; null while they can't be written
 */
record PartRecorder(Parts parts, @Nullable Configurations stored) {
  private static final Logger LOG = LoggerFactory.getLogger(PartRecorder.class);

  /** Writes a configuration for a memory backend that was added, and lists it. */
  Retention added(Backend backend, BackendSpec spec) {
    ParsedObject object = spec.object();
    return declare(
        MachineComponent.OBJECTS,
        BackendDefinitions.factoryPid(object.typeName()),
        spec.id(),
        object.type().written(object),
        hasBlanks(object),
        wish -> parts.opened(wish, backend));
  }

  /** Writes a configuration for a device that was plugged, and lists it. */
  Retention added(MemoryDevice device, ParsedObject object) {
    return declare(
        MachineComponent.DEVICES,
        BackendDefinitions.factoryPid(object.typeName()),
        device.id(),
        place(object, device),
        false,
        wish -> Declaration.device(wish).ifPresent(declared -> parts.plugged(declared, device)));
  }

  /** Returns whether a value would be another one where blanks and quotes around it don't count. */
  private static boolean hasBlanks(ParsedObject object) {
    try {
      return !object.type().checkConfiguration("", object.texts()).equals(object);
    } catch (OptionException e) {
      return true;
    }
  }

  /** Returns the properties of a device with the address and the slot that it was given. */
  private static Map<String, String> place(ParsedObject object, MemoryDevice device) {
    Map<String, String> all = new LinkedHashMap<>(object.texts());
    all.put("addr", device.address().toString());
    all.put("slot", Integer.toString(device.slot()));
    return all;
  }

  /** Receives the configuration that was made. */
  private interface Declared {
    void as(Wish wish);
  }

  private Retention declare(
      String list,
      String factoryPid,
      String wanted,
      Map<String, String> properties,
      boolean exact,
      Declared declared) {
    if (stored == null) {
      return lost("ConfigAdmin, which stores it, is gone");
    }
    Optional<Wish> made = Optional.empty();
    try {
      String name = freeName(list, wanted);
      made =
          Optional.of(
              stored.declare(factoryPid, name, properties, exact || parts.own().isOfCommandLine()));
      parts.wrote(stored.relist(parts.own(), list, name, true));
      declared.as(made.get());
      return Retention.in(made.get().place());
    } catch (IOException e) {
      made.ifPresent(this::undo);
      return lost("its configuration can't be written (" + e.getMessage() + ")");
    }
  }

  /**
   * Returns the wanted name, or one like it: no other memory backend, or device, may be configured
   * or listed by it.
   */
  private String freeName(String list, String wanted) throws IOException {
    Set<String> taken = new HashSet<>(parts.own().names(list));
    for (Wish wish : Objects.requireNonNull(stored).all()) {
      Optional<Declaration> declared =
          list.equals(MachineComponent.OBJECTS)
              ? Declaration.backend(wish)
              : Declaration.device(wish);
      declared.ifPresent(one -> taken.add(one.name()));
    }
    String name = wanted;
    for (int number = 2; taken.contains(name); number++) {
      name = wanted + "-" + number;
    }
    return name;
  }

  /** Deletes a configuration that could not be listed: otherwise it would stand in the way. */
  private void undo(Wish made) {
    try {
      Objects.requireNonNull(stored).delete(made.pid());
    } catch (IOException e) {
      LOG.warn("{} is not listed, and can't be deleted: {}", made.place(), e.getMessage());
    }
  }

  private static Retention lost(String reason) {
    return Retention.until("the machine ends, since " + reason);
  }

  /** Deletes the configuration of a memory backend that was removed. */
  Retention removed(String id) {
    Optional<ConfiguredBackend> known = parts.configured(id);
    if (known.isEmpty()) {
      return Retention.NOTHING_TO_STORE; // no configuration declares it
    }
    parts.removed(known.get());
    Wish last = known.get().lastSeen();
    Wish wish = last == null ? new Wish(known.get().pid(), Map.of()) : last;
    return retract(MachineComponent.OBJECTS, wish);
  }

  /** Deletes the configuration of a device that was unplugged. */
  Retention removed(MemoryDevice device) {
    Optional<Parts.Plugged> known = parts.find(device);
    if (known.isEmpty()) {
      return Retention.NOTHING_TO_STORE; // no configuration declares it
    }
    parts.removed(known.get());
    Wish wish = known.get().declaration().wish();
    return retract(MachineComponent.DEVICES, wish);
  }

  /** Takes note that a device is gone, and leaves the configurations as others have made them. */
  Retention gone(MemoryDevice device) {
    parts.find(device).ifPresent(parts::removed);
    return Retention.NOTHING_TO_STORE;
  }

  private Retention retract(String list, Wish wish) {
    if (stored == null) {
      parts.withdrawn(wish);
      return lost("ConfigAdmin, which lists it, is gone");
    }
    try {
      parts.wrote(stored.relist(parts.own(), list, wish.name(), false));
      stored.delete(wish.pid());
      return Retention.in(wish.place());
    } catch (IOException e) {
      parts.withdrawn(wish);
      return lost("its configuration can't be deleted (" + e.getMessage() + ")");
    }
  }
}
