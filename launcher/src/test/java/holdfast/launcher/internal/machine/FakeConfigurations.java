package holdfast.launcher.internal.machine;

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
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/**
 * A configuration admin that keeps configurations by their PID, in the order in which they were
 * first written. Only what this project calls is there.
 */
public final class FakeConfigurations {
  /** Told of each configuration that is written. */
  public interface Listener {
    /** {@code properties} are what a component would get. */
    void written(String pid, Map<String, Object> properties);
  }

  private final SequencedMap<String, Map<String, Object>> written = new LinkedHashMap<>();
  private Listener listener = (pid, properties) -> {};

  /** {@code other} is told of each configuration that is written from now on. */
  public FakeConfigurations telling(Listener other) {
    listener = other;
    return this;
  }

  /** All configurations: their properties as they were written, by PID. */
  public SequencedMap<String, Map<String, Object>> written() {
    return Collections.unmodifiableSequencedMap(written);
  }

  /** Writes one from outside. */
  public void put(String pid, Map<String, Object> properties) {
    written.put(pid, properties);
  }

  /** The service. */
  public ConfigurationAdmin admin() {
    return proxy(
        ConfigurationAdmin.class,
        (method, arguments) ->
            switch (method.getName()) {
              case "getConfiguration" -> {
                requireAnyLocation(arguments[1]);
                yield configuration((String) arguments[0]);
              }
              case "getFactoryConfiguration" -> {
                requireAnyLocation(arguments[2]);
                yield configuration(arguments[0] + "~" + arguments[1]);
              }
              default -> throw new UnsupportedOperationException(method.toString());
            });
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
                write(pid, (Dictionary<?, ?>) arguments[0]);
                yield method.getReturnType() == boolean.class ? true : null;
              }
              case "getPid" -> pid;
              case "delete" -> {
                written.remove(pid);
                yield null;
              }
              case "getProperties" ->
                  written.containsKey(pid) ? new Hashtable<>(written.get(pid)) : null;
              default -> throw new UnsupportedOperationException(method.toString());
            });
  }

  private void write(String pid, Dictionary<?, ?> dictionary) {
    Map<String, Object> properties = new LinkedHashMap<>();
    dictionary
        .keys()
        .asIterator()
        .forEachRemaining(key -> properties.put((String) key, dictionary.get(key)));
    written.put(pid, properties);
    Map<String, Object> asSeen = new LinkedHashMap<>(properties);
    asSeen.put(Constants.SERVICE_PID, pid);
    listener.written(pid, asSeen);
  }

  private interface Call {
    @Nullable Object answer(Method method, Object[] arguments);
  }

  private static <T> T proxy(Class<T> type, Call call) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> call.answer(method, arguments)));
  }
}
