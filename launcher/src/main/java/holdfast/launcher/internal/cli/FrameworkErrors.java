package holdfast.launcher.internal.cli;

import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.FrameworkListener;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs the errors that the framework meets, such as a bundle that can't be started. */
@Component(
    service = {},
    immediate = true)
public final class FrameworkErrors implements FrameworkListener {
  private static final Logger LOG = LoggerFactory.getLogger(FrameworkErrors.class);

  private final BundleContext context;

  /** Called by Declarative Services. */
  @Activate
  public FrameworkErrors(BundleContext context) {
    this.context = context;
    context.addFrameworkListener(this);
  }

  @Deactivate
  void deactivate() {
    context.removeFrameworkListener(this);
  }

  @Override
  public void frameworkEvent(FrameworkEvent event) {
    if (event.getType() == FrameworkEvent.ERROR) {
      LOG.error("bundle {}: {}", event.getBundle().getSymbolicName(), "" + event.getThrowable());
    }
  }
}
