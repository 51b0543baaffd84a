package holdfast.launcher.internal.machine;

import holdfast.machine.admin.Retention;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.BackendSpec;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.core.Backend;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes into the configurations what an operator added to the machine that is up, or removed from
 * it, so that it is no difference at the next look and holds at the next start. Used in the
 * machine's thread.
 *
 * @param parts what is configured and open
 * @param stored the configurations; null while they can't be written
 */
record PartRecorder(Parts parts, @Nullable Configurations stored) {

  /** Writes a configuration for a memory backend that was added, and lists it. */
  Retention added(Backend backend, BackendSpec spec) {
    ParsedObject object = spec.object();
    return declare(
        MachineComponent.OBJECTS,
        BackendDefinitions.factoryPid(object.typeName()),
        spec.id(),
        object.type().written(object),
        wish -> parts.opened(wish, backend));
  }

  /** Writes a configuration for a device that was plugged, and lists it. */
  Retention added(MemoryDevice device, ParsedObject object) {
    return declare(
        MachineComponent.DEVICES,
        BackendDefinitions.factoryPid(object.typeName()),
        device.id(),
        object.texts(),
        wish -> Declaration.device(wish).ifPresent(declared -> parts.plugged(declared, device)));
  }

  /** Receives the configuration that was made. */
  private interface Declared {
    void as(Wish wish);
  }

  private Retention declare(
      String list,
      String factoryPid,
      String name,
      Map<String, String> properties,
      Declared declared) {
    if (stored == null) {
      return lost("ConfigAdmin, which stores it, is gone");
    }
    try {
      Optional<Wish> made =
          stored.declare(factoryPid, name, properties, parts.own().isOfCommandLine());
      if (made.isEmpty()) {
        return lost(
            "there is a configuration "
                + factoryPid
                + "~"
                + name
                + " already, which is not listed");
      }
      declared.as(made.get());
      parts.wrote(stored.relist(parts.own(), list, name, true));
      return Retention.STORED;
    } catch (IOException e) {
      return lost("its configuration can't be written (" + e.getMessage() + ")");
    }
  }

  private static Retention lost(String reason) {
    return new Retention("until the machine ends, since " + reason);
  }

  /** Deletes the configuration of a memory backend that was removed. */
  Retention removed(String id) {
    Optional<ConfiguredBackend> known = parts.configured(id);
    if (known.isEmpty()) {
      return Retention.STORED;
    }
    parts.removed(known.get());
    String pid = known.get().pid();
    return retract(MachineComponent.OBJECTS, pid.substring(pid.indexOf('~') + 1), pid);
  }

  /** Deletes the configuration of a device that was unplugged. */
  Retention removed(MemoryDevice device) {
    Optional<Parts.Plugged> known = parts.find(device);
    if (known.isEmpty()) {
      return Retention.STORED;
    }
    parts.removed(known.get());
    Wish wish = known.get().declaration().wish();
    return retract(MachineComponent.DEVICES, wish.name(), wish.pid());
  }

  private Retention retract(String list, String name, String pid) {
    if (stored == null) {
      return lost("ConfigAdmin, which lists it, is gone");
    }
    try {
      parts.wrote(stored.relist(parts.own(), list, name, false));
      stored.delete(pid);
      return Retention.STORED;
    } catch (IOException e) {
      return lost("its configuration can't be deleted (" + e.getMessage() + ")");
    }
  }
}
