package holdfast.launcher.internal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.startlevel.FrameworkStartLevel;

/** The shell is started by raising the framework to the start level that its bundle has. */
class ShellTest {
  private final List<Integer> raisedTo = new ArrayList<>();

  private static <T> T fake(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  private Bundle bundle(long id, int startLevel) {
    return fake(
        Bundle.class,
        (proxy, method, arguments) ->
            switch (method.getName()) {
              case "getBundleId" -> id;
              case "adapt" ->
                  arguments[0] == FrameworkStartLevel.class
                      ? fake(FrameworkStartLevel.class, this::framework)
                      : fake(BundleStartLevel.class, (p, m, a) -> startLevel);
              default -> throw new UnsupportedOperationException(method.toString());
            });
  }

  private Object framework(Object proxy, Method method, Object[] arguments) {
    assertEquals("setStartLevel", method.getName());
    raisedTo.add((Integer) arguments[0]);
    return null;
  }

  private BundleContext context(Bundle... bundles) {
    return fake(
        BundleContext.class,
        (proxy, method, arguments) ->
            switch (method.getName()) {
              case "getBundles" -> bundles;
              case "getBundle" -> bundle(0, 0);
              default -> throw new UnsupportedOperationException(method.toString());
            });
  }

  @Test
  @DisplayName("the highest level that a bundle has; the framework's own counts for nothing")
  void raisesTheFrameworkToTheShell() {
    Shell.start(context(bundle(0, 99), bundle(1, 2), bundle(2, 20), bundle(3, 5)));

    assertEquals(List.of(20), raisedTo);
  }
}
