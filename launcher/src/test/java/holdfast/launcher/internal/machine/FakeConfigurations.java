package holdfast.launcher.internal.machine;

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Collections;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Constants;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/**
 * A configuration admin that keeps configurations by their PID, in the order in which they were
 * first written. Only what this project calls is there.
 */
public final class FakeConfigurations {
  /** Told of each configuration that is written or deleted. */
  public interface Listener {
    /** That of {@code pid} changed. */
    void changed(String pid);
  }

  private final SequencedMap<String, Map<String, Object>> written = new LinkedHashMap<>();
  private volatile Listener listener = pid -> {};
  private volatile String failing = "";

  /** {@code other} is told of each configuration that is written or deleted from now on. */
  public FakeConfigurations telling(Listener other) {
    listener = other;
    return this;
  }

  /** All configurations: their properties as they were written, by PID. */
  public synchronized SequencedMap<String, Map<String, Object>> written() {
    return Collections.unmodifiableSequencedMap(new LinkedHashMap<>(written));
  }

  /** From now on this one can't be written by the product. */
  public void failingToUpdate(String pid) {
    failing = pid;
  }

  /** Writes one from outside. */
  public void put(String pid, Map<String, Object> properties) {
    synchronized (this) {
      written.put(pid, properties);
    }
    listener.changed(pid);
  }

  /** Deletes one from outside. */
  public void delete(String pid) {
    synchronized (this) {
      written.remove(pid);
    }
    listener.changed(pid);
  }

  private synchronized @Nullable Hashtable<String, Object> properties(String pid) {
    Map<String, Object> properties = written.get(pid);
    if (properties == null) {
      return null;
    }
    Hashtable<String, Object> all = new Hashtable<>(properties);
    all.put(Constants.SERVICE_PID, pid);
    return all;
  }

  /** The service. */
  public ConfigurationAdmin admin() {
    return proxy(
        ConfigurationAdmin.class,
        (method, arguments) ->
            switch (method.getName()) {
              case "getConfiguration" -> {
                requireAnyLocation(arguments[1]);
                if (((String) arguments[0]).contains("~") && !exists((String) arguments[0])) {
                  throw new AssertionError("a configuration is made without its factory");
                }
                yield configuration((String) arguments[0]);
              }
              case "listConfigurations" -> list((String) arguments[0]);
              case "getFactoryConfiguration" -> {
                requireAnyLocation(arguments[2]);
                yield configuration(arguments[0] + "~" + arguments[1]);
              }
              default -> throw new UnsupportedOperationException(method.toString());
            });
  }

  private synchronized boolean exists(String pid) {
    return written.containsKey(pid);
  }

  /** By the one property that filters ask for here. */
  private Configuration @Nullable [] list(String filter) {
    Filter parsed;
    try {
      parsed = FrameworkUtil.createFilter(filter);
    } catch (InvalidSyntaxException e) {
      throw new AssertionError(filter, e);
    }
    Configuration[] found =
        written().keySet().stream()
            .filter(pid -> parsed.matches(Map.of(Constants.SERVICE_PID, pid)))
            .map(this::configuration)
            .toArray(Configuration[]::new);
    return found.length == 0 ? null : found; // as the service answers
  }

  /** Otherwise the configuration would belong to the bundle that wrote it (Compendium 104.3). */
  private static void requireAnyLocation(Object location) {
    if (!location.equals("?")) {
      throw new IllegalArgumentException("bound to " + location);
    }
  }

  private Configuration configuration(String pid) {
    return proxy(
        Configuration.class,
        (method, arguments) ->
            switch (method.getName()) {
              case "update", "updateIfDifferent" -> {
                if (pid.equals(failing)) {
                  throw new IOException("its disk is full");
                }
                write(pid, (Dictionary<?, ?>) arguments[0]);
                yield method.getReturnType() == boolean.class ? true : null;
              }
              case "getPid" -> pid;
              case "delete" -> {
                delete(pid);
                yield null;
              }
              case "getProperties" -> properties(pid);
              default -> throw new UnsupportedOperationException(method.toString());
            });
  }

  private void write(String pid, Dictionary<?, ?> dictionary) {
    Map<String, Object> properties = new LinkedHashMap<>();
    dictionary
        .keys()
        .asIterator()
        .forEachRemaining(key -> properties.put((String) key, dictionary.get(key)));
    properties.remove(Constants.SERVICE_PID);
    put(pid, properties);
  }

  private interface Call {
    @Nullable Object answer(Method method, Object[] arguments) throws IOException;
  }

  private static <T> T proxy(Class<T> type, Call call) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> call.answer(method, arguments)));
  }
}
