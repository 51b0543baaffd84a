package holdfast.monitor.shell.internal;

import org.apache.felix.service.command.Descriptor;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** The commands {@code quit}, QEMU's word, and {@code exit}, a shell's. */
@Component(
    service = ProcessCommands.class,
    property = {
      "osgi.command.scope=holdfast",
      "osgi.command.function=quit",
      "osgi.command.function=exit"
    })
public final class ProcessCommands {
  private final BundleContext context;

  /** Called by Declarative Services. */
  @Activate
  public ProcessCommands(BundleContext context) {
    this.context = context;
  }

  /** Runs {@code quit}. */
  @Descriptor("ends the machine and the process; the memory backends' files stay as they are")
  public void quit(@Descriptor("no arguments") Object... arguments) throws BundleException {
    end("quit", arguments);
  }

  private void end(String command, Object... arguments) throws BundleException {
    Arguments.read(command, arguments).words();
    context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION).stop();
  }

  /** Runs {@code exit}. */
  @Descriptor("the same as quit")
  public void exit(@Descriptor("no arguments") Object... arguments) throws BundleException {
    end("exit", arguments);
  }
}
