package holdfast.monitor.shell.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;

/** Both words end the framework, and with it the process. */
class ProcessCommandsTest {
  private final List<String> calls = new ArrayList<>();
  private final Bundle system =
      (Bundle)
          Proxy.newProxyInstance(
              Bundle.class.getClassLoader(),
              new Class<?>[] {Bundle.class},
              (proxy, method, arguments) -> {
                calls.add(method.getName());
                return null;
              });
  private final BundleContext context =
      (BundleContext)
          Proxy.newProxyInstance(
              BundleContext.class.getClassLoader(),
              new Class<?>[] {BundleContext.class},
              (proxy, method, arguments) -> {
                assertEquals("getBundle", method.getName());
                assertEquals(List.of(Constants.SYSTEM_BUNDLE_LOCATION), List.of(arguments));
                return system;
              });

  @Test
  void quitStopsTheFramework() throws Exception {
    new ProcessCommands(context).quit();

    assertEquals(List.of("stop"), calls);
  }

  @ParameterizedTest
  @ValueSource(strings = {"now", "3", "-force", "\u009b"})
  @DisplayName("what can't stand behind them is told in one sentence, and ends nothing")
  void arguments(String argument) {
    ProcessCommands commands = new ProcessCommands(context);

    String quit = "" + assertThrows(CommandFailure.class, () -> commands.quit(argument));
    String exit = "" + assertThrows(CommandFailure.class, () -> commands.exit(argument));

    assertTrue(quit.startsWith("holdfast: ") && quit.endsWith(": write quit"), quit);
    assertTrue(exit.endsWith(": write exit"), exit);
    assertTrue(exit.chars().noneMatch(Character::isISOControl), exit);
    assertEquals(List.of(), calls);
  }

  @Test
  void exitIsTheSame() throws Exception {
    new ProcessCommands(context).exit();

    assertEquals(List.of("stop"), calls);
  }
}
