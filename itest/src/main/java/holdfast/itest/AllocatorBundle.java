package holdfast.itest;

import java.util.Arrays;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.startlevel.FrameworkStartLevel;

/** What an operator does to one bundle, found by its symbolic name whatever its id is by now. */
final class AllocatorBundle {
  /** The bundle of the allocator for persistent memory, kind {@code dax}, ranking 100. */
  static final String DAX = "holdfast.backend.dax";

  /** The bundle of the allocator for ordinary files, kind {@code file}, ranking 0. */
  static final String FILE = "holdfast.backend.file";

  private final BundleContext context;
  private final String symbolicName;

  AllocatorBundle(BundleContext context, String symbolicName) {
    this.context = context;
    this.symbolicName = symbolicName;
  }

  Bundle bundle() {
    return Arrays.stream(context.getBundles())
        .filter(bundle -> symbolicName.equals(bundle.getSymbolicName()))
        .findFirst()
        .orElseThrow(() -> new AssertionError(symbolicName + " is not installed"));
  }

  boolean isActive() {
    return bundle().getState() == Bundle.ACTIVE;
  }

  void start() throws BundleException {
    bundle().start();
  }

  void stop() throws BundleException {
    bundle().stop();
  }

  /** Replaces it by what stands at its location, which is the same again; starts it if it ran. */
  void update() throws BundleException {
    bundle().update();
  }

  /** Uninstalls it. What {@link #install} takes to install it again. */
  String uninstall() throws BundleException {
    Bundle bundle = bundle();
    String location = bundle.getLocation();
    bundle.uninstall();
    return location;
  }

  /**
   * Installs it, without starting it, at the start level of the tests' bundle. As the initial one:
   * to set a bundle's own is done later, in a thread of the framework, which may find it gone.
   */
  void install(String location) throws BundleException {
    context
        .getBundle(Constants.SYSTEM_BUNDLE_LOCATION)
        .adapt(FrameworkStartLevel.class)
        .setInitialBundleStartLevel(
            context.getBundle().adapt(BundleStartLevel.class).getStartLevel());
    context.installBundle(location);
  }

  /** Uninstalls it and installs it again; starts it if it ran. */
  void reinstall() throws BundleException {
    boolean ran = isActive();
    install(uninstall());
    if (ran) {
      start();
    }
  }

  @Override
  public String toString() {
    return symbolicName;
  }
}
