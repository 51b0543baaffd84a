package holdfast.launcher.internal.cli;

import java.util.Arrays;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.startlevel.FrameworkStartLevel;

/**
 * The interactive shell on the terminal. Its bundle is installed at a start level of its own, above
 * the one that the product starts with, since it reads standard input as soon as it is started, and
 * ends the framework when its user leaves.
 */
final class Shell {
  private Shell() {}

  /** Starts it: raises the framework to the highest start level that a bundle has. */
  static void start(BundleContext context) {
    int highest =
        Arrays.stream(context.getBundles())
            .filter(bundle -> bundle.getBundleId() != Constants.SYSTEM_BUNDLE_ID)
            .mapToInt(bundle -> bundle.adapt(BundleStartLevel.class).getStartLevel())
            .max()
            .orElse(0);
    context
        .getBundle(Constants.SYSTEM_BUNDLE_LOCATION)
        .adapt(FrameworkStartLevel.class)
        .setStartLevel(highest);
  }
}
