package holdfast.launcher.internal.machine;

import holdfast.launcher.internal.options.ParsedObject;
import java.io.IOException;
import java.util.Dictionary;
import java.util.Hashtable;
import org.jspecify.annotations.Nullable;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes what an operator changed at run time into the configurations of memory backends. */
public final class BackendConfigurations {
  private static final Logger LOG = LoggerFactory.getLogger(BackendConfigurations.class);

  private final ConfigurationAdmin admin;

  /** Those that {@code admin} keeps. */
  public BackendConfigurations(ConfigurationAdmin admin) {
    this.admin = admin;
  }

  /**
   * Sets one property; nothing happens for a backend without a configuration.
   *
   * @param value null to remove it
   */
  public void put(OpenBackend backend, String key, @Nullable String value) throws IOException {
    if (backend.pid().isEmpty()) {
      return; // the base RAM has no configuration
    }
    Configuration configuration = admin.getConfiguration(backend.pid(), "?");
    Dictionary<String, Object> properties = configuration.getProperties();
    if (properties == null) {
      return; // it was deleted
    }
    if (value == null) {
      properties.remove(key);
    } else {
      properties.put(key, value);
    }
    configuration.updateIfDifferent(properties);
  }

  /**
   * Writes down what a backend was swapped to, so that it is found there at the next start. If its
   * type changed it gets a new configuration of the same name, in the place of the present one.
   * What fails is logged: the swap itself is done.
   */
  public void replace(OpenBackend backend, ParsedObject object) {
    String pid = backend.pid();
    if (pid.isEmpty()) {
      LOG.warn(
          "memory backend '{}' has no configuration: at the next start it is plain memory again",
          backend.region().id());
      return;
    }
    ParsedObject said = backend.configured();
    try {
      Configuration present = admin.getConfiguration(pid, "?");
      Dictionary<String, Object> properties = present.getProperties();
      if (properties == null) {
        LOG.warn(
            "memory backend '{}': its configuration {} is gone, and can't say what is in force",
            backend.region().id(),
            pid);
        return;
      }
      backend.hear(object); // it is heard of again from there
      String factory = BackendDefinitions.factoryPid(object.typeName());
      if (pid.startsWith(factory + "~")) {
        backend.propertyNames().forEach(properties::remove);
        object.properties().forEach(properties::put);
        present.update(properties); // with all else that stands there
        return;
      }
      Dictionary<String, Object> fresh = new Hashtable<>(object.properties());
      Object target = properties.get(MemoryBackendComponent.ALLOCATOR_TARGET);
      if (target != null) {
        fresh.put(MemoryBackendComponent.ALLOCATOR_TARGET, target);
      }
      String name = pid.substring(pid.indexOf('~') + 1);
      Configuration next = admin.getFactoryConfiguration(factory, name, "?");
      backend.configuredBy(next.getPid());
      next.update(fresh);
      present.delete();
    } catch (IOException | IllegalStateException e) {
      backend.hear(said);
      LOG.error(
          "memory backend '{}': the swap is done, but could not be written into its configuration {}"
              + " ({}): set mem-path there yourself before the next start",
          backend.region().id(),
          pid,
          e.toString());
    }
  }
}
