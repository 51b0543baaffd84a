package holdfast.launcher.internal.machine;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.cm.ConfigurationEvent;

/** A bundle context with which services can be registered, and what the framework does told. */
final class FakeFramework {
  private final List<Object> services = Collections.synchronizedList(new ArrayList<>());
  private volatile Runnable onUnregister = () -> {};
  private volatile int state = Bundle.ACTIVE;

  /** The services that are registered now. */
  List<Object> services() {
    return List.copyOf(services);
  }

  /** Called when a service is unregistered. */
  void onUnregister(Runnable listener) {
    onUnregister = listener;
  }

  /** From now on the framework is being stopped. */
  void beginsToStop() {
    state = Bundle.STOPPING;
  }

  private Bundle itself() {
    return proxy(
        Bundle.class,
        (proxy, method, arguments) -> {
          if (!method.getName().equals("getState")) {
            throw new UnsupportedOperationException(method.toString());
          }
          return state;
        });
  }

  BundleContext context() {
    return proxy(
        BundleContext.class,
        (proxy, method, arguments) -> {
          if (method.getName().equals("getBundle")
              && Constants.SYSTEM_BUNDLE_LOCATION.equals(arguments[0])) {
            return itself();
          }
          if (!method.getName().equals("registerService")) {
            throw new UnsupportedOperationException(method.toString());
          }
          services.add(arguments[1]);
          return registration(arguments[1]);
        });
  }

  private ServiceRegistration<?> registration(Object service) {
    return proxy(
        ServiceRegistration.class,
        (proxy, method, arguments) -> {
          if (!method.getName().equals("unregister")) {
            throw new UnsupportedOperationException(method.toString());
          }
          onUnregister.run();
          services.remove(service);
          return null;
        });
  }

  /** The event that tells of a configuration that was written. */
  @SuppressWarnings("unchecked") // a class literal has no type arguments
  static ConfigurationEvent written(String pid) {
    ServiceReference<ConfigurationAdmin> reference =
        proxy(
            ServiceReference.class,
            (proxy, method, arguments) -> {
              throw new UnsupportedOperationException(method.toString());
            });
    return new ConfigurationEvent(reference, ConfigurationEvent.CM_UPDATED, null, pid);
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
