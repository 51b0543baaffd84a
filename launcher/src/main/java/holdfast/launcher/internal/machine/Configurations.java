package holdfast.launcher.internal.machine;

import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.TypeDefinition;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
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
 * The configurations as ConfigAdmin keeps them. Each is read at the moment when something is
 * decided from it; and what an operator changed at run time is written into those of memory
 * backends, which is no wish of somebody else's when it is read again.
 *
 * <p>None is ever asked for by name: ConfigAdmin would make one that isn't there, and without its
 * factory.
 *
 * <p>Thread-safe: what is read and written of one memory backend's happens one after the other.
 */
public final class Configurations {
  private static final Logger LOG = LoggerFactory.getLogger(Configurations.class);
  private static final String ALL = "(service.pid=holdfast.*)";

  private final ConfigurationAdmin admin;
  private final @Nullable ServiceReference<?> reader;

  /** Those that {@code admin} keeps. */
  public Configurations(ConfigurationAdmin admin) {
    this(admin, null);
  }

  /**
   * Those that {@code admin} keeps, as its plugins make them.
   *
   * @param reader for whom; null for those that are kept
   */
  Configurations(ConfigurationAdmin admin, @Nullable ServiceReference<?> reader) {
    this.admin = admin;
    this.reader = reader;
  }

  /** Whether it is {@code other} that keeps them. */
  @SuppressWarnings("ReferenceEquality") // a service object is itself
  boolean areOf(ConfigurationAdmin other) {
    return admin == other;
  }

  /**
   * What is configured of Holdfast at this moment.
   *
   * @throws IOException if ConfigAdmin can't tell, or has ended
   */
  List<Wish> all() throws IOException {
    List<Wish> all = new ArrayList<>();
    for (Configuration configuration : list(ALL)) {
      wish(configuration).ifPresent(all::add);
    }
    return all;
  }

  /**
   * What one says at this moment, if there is one.
   *
   * @throws IOException if ConfigAdmin can't tell, or has ended
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
   * What was found by a look at a memory backend's configuration.
   *
   * @param before what it said when it was looked at last; null if it wasn't there
   * @param now what it says now; null if it isn't there
   */
  record Look(@Nullable Wish before, @Nullable Wish now) {
    boolean isNews() {
      return !Objects.equals(before, now);
    }
  }

  /**
   * Looks at a memory backend's configuration.
   *
   * @throws IOException if ConfigAdmin can't tell, or has ended
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
   * Whether a memory backend's configuration says what it said at the last look; true if nobody can
   * tell.
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
   * Sets one property in a memory backend's configuration, for what was done to the live region to
   * hold at the next start.
   *
   * @param value null to remove it
   * @return nothing, or the end of a sentence: why it holds only until the machine ends
   */
  public String put(ConfiguredBackend backend, String key, @Nullable String value) {
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
        return "";
      } catch (IOException | IllegalStateException e) {
        return whileItLasts(place + " can't be written (" + e.getMessage() + ")");
      }
    }
  }

  private static String whileItLasts(String reason) {
    return "until the machine ends, since " + reason;
  }

  /**
   * Writes, and knows it for our own unless somebody else's wish was there that nobody has seen.
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
   * Writes down what a memory backend was swapped to, so that it is found there at the next start:
   * the properties that say something else, and nothing more. If its type changed it gets a new
   * configuration of the same name, in the place of the present one. What fails is logged: the swap
   * itself is done.
   *
   * @return false if somebody has changed the configuration since it was last looked at: then it is
   *     left alone
   */
  public boolean settle(ConfiguredBackend backend) {
    return write(backend, false);
  }

  /** The same, whatever somebody has written there meanwhile. */
  public void restore(ConfiguredBackend backend) {
    write(backend, true);
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
    Dictionary<String, Object> properties = stored.getProperties(); // with all else in it
    for (String name : type.differences(said.properties(), object)) {
      String value = object.properties().get(name);
      if (value == null) {
        properties.remove(name);
      } else {
        properties.put(name, value);
      }
    }
    update(backend, stored, said, properties);
  }

  /** A configuration of another type can't be made of one that is there. */
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
