package holdfast.monitor.qmp.internal;

import holdfast.machine.admin.Door;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.config.QmpDefinition;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.TypeDefinition;
import holdfast.monitor.qmp.internal.server.SocketDoor;
import java.util.Map;
import java.util.Optional;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A QMP monitor for each configuration of its factory PID. */
@Component(
    immediate = true, // clients come from outside; nobody here uses the service
    configurationPid = QmpDefinition.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class QmpComponent implements Door {
  private static final Logger LOG = LoggerFactory.getLogger(QmpComponent.class);

  /** The framework property of the executable jar, whose process is this project's to end. */
  private static final String MAIN = "holdfast.main";

  private final SocketDoor door;
  private final boolean waits;

  /** Called by Declarative Services. */
  @Activate
  public QmpComponent(
      BundleContext context, @Reference MachineAdmin admin, Map<String, ?> configuration) {
    boolean ofCommandLine = configuration.containsKey(TypeDefinition.EXACT);
    waits = ofCommandLine && "on".equals(configuration.get("wait"));
    door = open(context, admin, configuration);
    if (!ofCommandLine) { // else the command line says it
      door.failure().ifPresent(LOG::error);
    }
  }

  private static SocketDoor open(
      BundleContext context, MachineAdmin admin, Map<String, ?> configuration) {
    try {
      ParsedObject monitor =
          QmpDefinition.TYPE.checkConfiguration(
              "configuration " + configuration.get(Constants.SERVICE_PID), configuration);
      return SocketDoor.open(
          QmpDefinition.address(monitor),
          admin,
          Boolean.parseBoolean(context.getProperty(MAIN))
              ? Optional.of(() -> stop(context))
              : Optional.empty(),
          context.getBundle().getVersion().toString(),
          QmpDefinition.takesOver(monitor));
    } catch (OptionException e) {
      return SocketDoor.closed("", e.getMessage());
    }
  }

  @Override
  public void awaitClient() throws InterruptedException {
    if (waits) {
      door.awaitClient();
    }
  }

  private static void stop(BundleContext context) {
    Bundle framework = context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION);
    try {
      framework.stop();
    } catch (BundleException e) {
      LOG.error("the process can't be ended", e);
    }
  }

  @Deactivate
  void deactivate(BundleContext context) {
    if (context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).getState() == Bundle.STOPPING) {
      door.processEnds();
    }
    door.close();
  }

  @Override
  public String place() {
    return door.place();
  }

  @Override
  public Optional<String> failure() {
    return door.failure();
  }
}
