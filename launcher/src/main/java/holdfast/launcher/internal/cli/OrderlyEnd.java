package holdfast.launcher.internal.cli;

import java.util.concurrent.TimeUnit;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.launch.Framework;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends the machine in order when the process is told to end (SIGTERM, SIGINT): the launcher of the
 * executable jar would just let the process go.
 */
final class OrderlyEnd {
  private static final Logger LOG = LoggerFactory.getLogger(OrderlyEnd.class);
  private static final long LIMIT_MILLIS = TimeUnit.SECONDS.toMillis(30);

  private OrderlyEnd() {}

  static void install(BundleContext context) {
    Framework framework =
        context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).adapt(Framework.class);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(framework), "holdfast-end"));
  }

  private static void stop(Framework framework) {
    try {
      framework.stop();
      framework.waitForStop(LIMIT_MILLIS);
    } catch (BundleException e) {
      LOG.error("the framework did not stop: {}", e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
