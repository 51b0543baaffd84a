package holdfast.machine.admin;

import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A place where operators or their programs reach the machine, such as a socket, or the reason why
 * they can't. In OSGi it is a service, with the properties of the configuration that asks for it.
 * Thread-safe.
 */
@ProviderType
public interface Door {

  /** Returns where it is, or was to be. */
  String place();

  /** Returns why nobody can come by it, as a sentence for the operator; empty if one can. */
  Optional<String> failure();

  /**
   * Waits for the first client, if the machine is not to begin without one; at the latest until the
   * door is closed.
   */
  void awaitClient() throws InterruptedException;
}
