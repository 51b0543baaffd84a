package holdfast.monitor.qmp;

import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** A socket that QMP clients can connect to, or the reason why they can't. Thread-safe. */
@ProviderType
public interface QmpDoor {

  /** Returns where the socket is, or was to be. */
  String place();

  /** Returns why there is no socket, as a sentence for the operator; empty if there is one. */
  Optional<String> failure();
}
