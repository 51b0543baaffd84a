package holdfast.launcher.internal.machine;

import holdfast.machine.admin.Retention;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.TypeDefinition;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The configurations in ConfigAdmin. Each is read at the moment when a decision depends on it. What
 * an operator changed at run time is written into those of memory backends, and is not mistaken for
 * a change by another source when it is read again.
 *
 * <p>No configuration is ever requested by its PID: ConfigAdmin would create one that doesn't
 * exist, and without its factory.
 *
 * <p>Thread-safe: reads and writes of the configuration of one memory backend exclude each other.
 */
public final class Configurations {
  private static final Logger LOG = LoggerFactory.getLogger(Configurations.class);
  private static final String ALL = "(service.pid=holdfast.*)";

  private final ConfigurationAdmin admin;
  private final @Nullable ServiceReference<?> reader;

  /** Creates a view of the configurations in {@code admin}. */
  public Configurations(ConfigurationAdmin admin) {
    this(admin, null);
  }

  /**
   * Creates a view of the configurations in {@code admin}, as its plugins modify them.
   *
   * @param reader the service that reads them; null for the stored ones
   */
  Configurations(ConfigurationAdmin admin, @Nullable ServiceReference<?> reader) {
    this.admin = admin;
    this.reader = reader;
  }

  /** Returns whether {@code other} keeps them. */
  @SuppressWarnings("ReferenceEquality") // a service object is itself
  boolean areOf(ConfigurationAdmin other) {
    return admin == other;
  }

  /**
   * Returns all of Holdfast's configurations at this moment.
   *
   * @throws IOException if ConfigAdmin can't read them, or has ended
   */
  List<Wish> all() throws IOException {
    List<Wish> all = new ArrayList<>();
    for (Configuration configuration : list(ALL)) {
      wish(configuration).ifPresent(all::add);
    }
    return all;
  }

  /**
   * Returns the content of one configuration at this moment, if it exists.
   *
   * @throws IOException if ConfigAdmin can't read it, or has ended
   */
  Optional<Wish> find(String pid) throws IOException {
    Optional<Configuration> stored = stored(pid);
    return stored.isEmpty() ? Optional.empty() : wish(stored.get());
  }

  private Optional<Configuration> stored(String pid) throws IOException {
    return list("(service.pid=" + pid.replaceAll("[\\\\*()]", "\\\\$0") + ")").stream().findFirst();
  }

  private List<Configuration> list(String filter) throws IOException {
    try {
      Configuration[] found = admin.listConfigurations(filter);
      return found == null ? List.of() : List.of(found);
    } catch (InvalidSyntaxException e) {
      throw new IllegalArgumentException(e);
    } catch (IllegalStateException e) {
      throw new IOException("ConfigAdmin has ended", e);
    }
  }

  private Optional<Wish> wish(Configuration configuration) {
    try {
      Dictionary<String, Object> properties =
          reader == null
              ? configuration.getProperties()
              : configuration.getProcessedProperties(reader);
      return Optional.ofNullable(properties).map(all -> Wish.of(configuration.getPid(), all));
    } catch (IllegalStateException e) {
      return Optional.empty(); // deleted meanwhile
    }
  }

  /**
   * The result of a look at a memory backend's configuration.
   *
   * @param before its content at the last look; null if it didn't exist
   * @param now its content now; null if it doesn't exist
   */
  record Look(@Nullable Wish before, @Nullable Wish now) {
    boolean isNews() {
      return !Objects.equals(before, now);
    }
  }

  /**
   * Looks at a memory backend's configuration.
   *
   * @throws IOException if ConfigAdmin can't read it, or has ended
   */
  Look look(ConfiguredBackend backend) throws IOException {
    synchronized (backend.wishLock()) {
      Wish now = find(backend.pid()).orElse(null);
      Look look = new Look(backend.seen(), now);
      backend.see(now);
      return look;
    }
  }

  /**
   * Returns whether a memory backend's configuration is as it was at the last look; true if it
   * can't be read.
   */
  boolean isAsSeen(ConfiguredBackend backend) {
    synchronized (backend.wishLock()) {
      try {
        return Objects.equals(find(backend.pid()).orElse(null), backend.seen());
      } catch (IOException e) {
        return true;
      }
    }
  }

  /**
   * Sets one property in a memory backend's configuration, so that a change of the live region also
   * applies at the next start.
   *
   * @param value null to remove it
   * @return where it is stored, or why the change applies only until the machine ends
   */
  public Retention put(ConfiguredBackend backend, String key, @Nullable String value) {
    String pid = backend.pid();
    synchronized (backend.wishLock()) {
      String place = "configuration " + pid;
      try {
        Optional<Configuration> stored = stored(pid);
        Wish before = stored.flatMap(this::wish).orElse(null);
        if (stored.isEmpty() || before == null) {
          Wish last = backend.seen();
          return whileItLasts((last == null ? place : last.place()) + " is gone");
        }
        place = before.place();
        Dictionary<String, Object> properties = stored.get().getProperties();
        if (value == null) {
          properties.remove(key);
        } else {
          properties.put(key, value);
        }
        update(backend, stored.get(), before, properties);
        return Retention.in(place);
      } catch (IOException | IllegalStateException e) {
        return whileItLasts(place + " can't be written (" + e.getMessage() + ")");
      }
    }
  }

  private static Retention whileItLasts(String reason) {
    return Retention.until("the machine ends, since " + reason);
  }

  /**
   * Writes the configuration, and records it as seen, unless another source had changed it in the
   * meantime and that has not been seen yet.
   */
  private void update(
      ConfiguredBackend backend,
      Configuration stored,
      Wish before,
      Dictionary<String, Object> properties)
      throws IOException {
    stored.updateIfDifferent(properties);
    if (before.equals(backend.seen())) {
      backend.see(wish(stored).orElse(null));
    }
  }

  /**
   * Stores the backing that a memory backend was swapped to, so that it is found there at the next
   * start: only the properties that differ are changed. If its type changed, a new configuration
   * with the same name replaces the present one. Failures are logged: the swap itself is done.
   *
   * @return false if the configuration was changed by another source since the last look; then it
   *     is left alone
   */
  public boolean settle(ConfiguredBackend backend) {
    return write(backend, false);
  }

  /** Stores the same, even if another source has changed the configuration in the meantime. */
  public void restore(ConfiguredBackend backend) {
    write(backend, true);
  }

  /**
   * Makes a configuration for what an operator added.
   *
   * @param name by which there is none yet
   * @param exact whether blanks at the ends of its values are part of them, as on a command line
   * @return its content
   * @throws IOException if it can't be written
   */
  Wish declare(String factoryPid, String name, Map<String, String> properties, boolean exact)
      throws IOException {
    Dictionary<String, Object> fresh = new Hashtable<>(properties);
    if (exact) {
      fresh.put(TypeDefinition.EXACT, true);
    }
    try {
      Configuration made = admin.getFactoryConfiguration(factoryPid, name, "?");
      made.update(fresh);
      return wish(made).orElseThrow(() -> new IOException("it was deleted meanwhile"));
    } catch (IllegalStateException e) {
      throw new IOException("ConfigAdmin has ended", e);
    }
  }

  /**
   * Adds a name to a list of the machine's configuration, or takes it out.
   *
   * @param list {@link MachineComponent#OBJECTS} or {@link MachineComponent#DEVICES}
   * @return the content of the configuration then
   * @throws IOException if it can't be written, or is gone
   */
  Wish relist(Wish own, String list, String name, boolean add) throws IOException {
    try {
      Configuration present =
          stored(own.pid()).orElseThrow(() -> new IOException(own.place() + " is gone"));
      Wish before = wish(present).orElseThrow(() -> new IOException(own.place() + " is gone"));
      List<String> names = new ArrayList<>(before.names(list));
      if (add) {
        names.add(name);
      } else {
        names.remove(name);
      }
      Dictionary<String, Object> properties = present.getProperties();
      boolean isText = properties.get(list) instanceof String;
      properties.put(list, isText ? String.join(",", names) : names.toArray(String[]::new));
      present.updateIfDifferent(properties);
      return wish(present).orElseThrow(() -> new IOException(own.place() + " is gone"));
    } catch (IllegalStateException e) {
      throw new IOException("ConfigAdmin has ended", e);
    }
  }

  /**
   * Deletes a configuration; does nothing if it doesn't exist.
   *
   * @throws IOException if it can't be deleted
   */
  void delete(String pid) throws IOException {
    try {
      Optional<Configuration> present = stored(pid);
      if (present.isPresent()) {
        present.get().delete();
      }
    } catch (IllegalStateException e) {
      LOG.debug("configuration {} was deleted meanwhile", pid, e);
    }
  }

  private boolean write(ConfiguredBackend backend, boolean whatever) {
    String pid = backend.pid();
    synchronized (backend.wishLock()) {
      try {
        Optional<Configuration> stored = stored(pid);
        Wish said = stored.flatMap(this::wish).orElse(null);
        if (stored.isEmpty() || said == null) {
          LOG.warn(
              "memory backend '{}': its configuration {} is gone, and can't say what is in force",
              backend.backend().region().id(),
              pid);
          return true;
        }
        if (whatever) {
          backend.see(said);
        } else if (!said.equals(backend.seen())) {
          return false;
        }
        write(backend, stored.get(), said);
      } catch (IOException | IllegalStateException e) {
        LOG.error(
            "memory backend '{}': the swap is done, but could not be written into its configuration"
                + " {} ({}): set mem-path there yourself before the next start",
            backend.backend().region().id(),
            pid,
            e.toString());
      }
      return true;
    }
  }

  private void write(ConfiguredBackend backend, Configuration stored, Wish said)
      throws IOException {
    ParsedObject object = backend.backend().object();
    TypeDefinition type = backend.backend().definition();
    String factory = BackendDefinitions.factoryPid(type.name());
    if (!said.factoryPid().equals(factory)) {
      makeAnother(backend, factory, stored, said);
      return;
    }
    Dictionary<String, Object> properties = stored.getProperties(); // keeping all other properties
    for (String name : type.differences(said.properties(), object)) {
      object
          .text(name)
          .ifPresentOrElse(text -> properties.put(name, text), () -> properties.remove(name));
    }
    update(backend, stored, said, properties);
  }

  /** Replaces a configuration by one of another type, since its type can't be changed. */
  private void makeAnother(
      ConfiguredBackend backend, String factory, Configuration stored, Wish said)
      throws IOException {
    Dictionary<String, Object> fresh =
        new Hashtable<>(backend.backend().definition().written(backend.backend().object()));
    for (String key : List.of(BackendDefinitions.ALLOCATOR_TARGET, TypeDefinition.EXACT)) {
      Object value = said.properties().get(key);
      if (value != null) {
        fresh.put(key, value);
      }
    }
    Configuration next = admin.getFactoryConfiguration(factory, said.name(), "?");
    next.update(fresh);
    backend.configuredBy(next.getPid(), wish(next).orElse(null));
    stored.delete();
    if (said.file().isPresent()) {
      LOG.warn(
          "memory backend '{}' has another type now, and its configuration {} stands in no file: {}"
              + " said what is no longer so; to keep it, write {}",
          backend.backend().region().id(),
          next.getPid(),
          said.place(),
          said.placeOf(factory, said.name()));
    }
  }
}
