package holdfast.launcher.internal.machine;

import org.jspecify.annotations.Nullable;
import org.osgi.annotation.bundle.Capability;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.FrameworkListener;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/**
 * A service that is registered as soon as the framework has started all bundles that it starts
 * itself. A machine that came up earlier would use the allocators that happened to be started by
 * then: a backend that wants DAX would be mapped without it, with a warning about what it did not
 * get, and mapped again a moment later.
 *
 * <p>If a framework is started first and gets its bundles afterwards, there is no such moment; then
 * the service is registered at once.
 */
@Capability(
    namespace = "osgi.service",
    attribute = "objectClass:List<String>=\"holdfast.launcher.internal.machine.BundlesStarted\"")
@Component(
    service = {},
    immediate = true)
public final class BundlesStarted implements FrameworkListener {
  private final BundleContext context;
  private @Nullable ServiceRegistration<BundlesStarted> registration;

  /** Called by Declarative Services. */
  @Activate
  public BundlesStarted(BundleContext context) {
    this.context = context;
    context.addFrameworkListener(this); // before reading the state, so that neither is missed
    if (context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).getState() == Bundle.ACTIVE) {
      register();
    }
  }

  @Override
  public void frameworkEvent(FrameworkEvent event) {
    if (event.getType() == FrameworkEvent.STARTED) {
      register();
    }
  }

  private synchronized void register() {
    if (registration == null) {
      registration = context.registerService(BundlesStarted.class, this, null);
    }
  }

  @Deactivate
  void deactivate() {
    context.removeFrameworkListener(this); // the registered service goes with the bundle
  }
}
