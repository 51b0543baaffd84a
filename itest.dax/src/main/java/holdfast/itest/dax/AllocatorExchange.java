package holdfast.itest.dax;

import java.util.Arrays;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;

/**
 * An operator who exchanges the allocator for persistent memory while the guest works: uninstalls
 * its bundle, or installs and starts it, as a framework property says.
 */
final class AllocatorExchange {
  /** The framework property with the location of the bundle to install. Without it: uninstall. */
  static final String INSTALL = "holdfast.itest.exchange.install";

  private static final String DAX = "holdfast.backend.dax";

  private AllocatorExchange() {}

  /** Does it in a thread of its own, and reports {@code exchanged} when it is done. */
  static void start(BundleContext context, ReportPort to) {
    Thread.ofPlatform().name("operator").daemon().start(() -> run(context, to));
  }

  private static void run(BundleContext context, ReportPort to) {
    try {
      String location = context.getProperty(INSTALL);
      if (location == null) {
        installed(context).uninstall();
      } else {
        context.installBundle(location).start();
      }
      to.line("exchanged");
    } catch (BundleException | RuntimeException e) {
      to.line("failed", e);
    }
  }

  private static Bundle installed(BundleContext context) {
    return Arrays.stream(context.getBundles())
        .filter(bundle -> DAX.equals(bundle.getSymbolicName()))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException(DAX + " is not installed"));
  }
}
