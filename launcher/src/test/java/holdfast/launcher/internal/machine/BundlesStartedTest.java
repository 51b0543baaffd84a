package holdfast.launcher.internal.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkEvent;

/** When a machine may come up: not before all allocators that are to be there are there. */
class BundlesStartedTest {
  private final List<String> calls = new ArrayList<>();
  private int state = Bundle.STARTING;

  private final Bundle system =
      (Bundle)
          Proxy.newProxyInstance(
              Bundle.class.getClassLoader(),
              new Class<?>[] {Bundle.class},
              (proxy, method, arguments) -> state);

  private final BundleContext context =
      (BundleContext)
          Proxy.newProxyInstance(
              BundleContext.class.getClassLoader(),
              new Class<?>[] {BundleContext.class},
              (proxy, method, arguments) -> {
                calls.add(method.getName());
                return switch (method.getName()) {
                  case "getBundle" -> system;
                  case "registerService" ->
                      Proxy.newProxyInstance(
                          BundleContext.class.getClassLoader(),
                          new Class<?>[] {org.osgi.framework.ServiceRegistration.class},
                          (registration, call, none) -> null);
                  default -> null;
                };
              });

  private long registered() {
    return calls.stream().filter("registerService"::equals).count();
  }

  @Test
  @DisplayName("while the framework starts its bundles there is no service; then there is one")
  void waitsForTheFramework() {
    BundlesStarted started = new BundlesStarted(context);
    assertEquals(0, registered());

    started.frameworkEvent(new FrameworkEvent(FrameworkEvent.STARTLEVEL_CHANGED, system, null));
    assertEquals(0, registered());
    started.frameworkEvent(new FrameworkEvent(FrameworkEvent.STARTED, system, null));
    assertEquals(1, registered());
    started.frameworkEvent(new FrameworkEvent(FrameworkEvent.STARTED, system, null));
    assertEquals(1, registered());

    started.deactivate();
    assertEquals("removeFrameworkListener", calls.getLast());
  }

  @Test
  @DisplayName("in a framework that is started already it is there at once")
  void startedAlready() {
    state = Bundle.ACTIVE;
    new BundlesStarted(context);
    assertEquals(1, registered());
  }
}
