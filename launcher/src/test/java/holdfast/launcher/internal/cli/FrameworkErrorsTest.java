package holdfast.launcher.internal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.FrameworkEvent;
import org.slf4j.LoggerFactory;

/** Errors of the framework are logged, with the bundle that they are about. */
class FrameworkErrorsTest {
  private final Logger logger = (Logger) LoggerFactory.getLogger(FrameworkErrors.class);
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private final List<String> calls = new ArrayList<>();
  private final BundleContext context =
      (BundleContext)
          Proxy.newProxyInstance(
              BundleContext.class.getClassLoader(),
              new Class<?>[] {BundleContext.class},
              (proxy, method, arguments) -> {
                calls.add(method.getName());
                return null;
              });
  private final Bundle bundle =
      (Bundle)
          Proxy.newProxyInstance(
              Bundle.class.getClassLoader(),
              new Class<?>[] {Bundle.class},
              (proxy, method, arguments) ->
                  method.getName().equals("getSymbolicName") ? "a.bundle" : 0);

  @BeforeEach
  void listen() {
    log.start();
    logger.addAppender(log);
    logger.setAdditive(false);
  }

  @AfterEach
  void stop() {
    logger.detachAppender(log);
    logger.setAdditive(true);
  }

  @Test
  void anErrorIsLogged() {
    new FrameworkErrors(context)
        .frameworkEvent(
            new FrameworkEvent(FrameworkEvent.ERROR, bundle, new BundleException("no wiring")));

    assertEquals(1, log.list.size());
    assertEquals(Level.ERROR, log.list.getFirst().getLevel());
    assertEquals(
        "bundle a.bundle: org.osgi.framework.BundleException: no wiring",
        log.list.getFirst().getFormattedMessage());
  }

  @Test
  void whatIsNoErrorIsNot() {
    new FrameworkErrors(context)
        .frameworkEvent(new FrameworkEvent(FrameworkEvent.STARTED, bundle, null));

    assertEquals(List.of(), log.list);
  }

  @Test
  void listensUntilItIsDeactivated() {
    FrameworkErrors errors = new FrameworkErrors(context);
    errors.deactivate();

    assertEquals(List.of("addFrameworkListener", "removeFrameworkListener"), calls);
  }
}
