package holdfast.machine.admin;

import holdfast.backend.api.HoldfastException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * An operator's request that is not done. There is one subtype for each cause, which a door
 * translates: into an exit status, an error class of QMP, an HTTP status. The message is one
 * sentence that names the object or device, what was asked for and what was found, and says what to
 * do; what it was found by is kept as the cause. Nothing was changed, unless a subtype says
 * otherwise.
 */
@ProviderType
public abstract sealed class AdminException extends HoldfastException
    permits BusyException,
        DuplicateIdException,
        HostException,
        InvalidRequestException,
        MachineNotUpException,
        NoSuchDeviceException,
        NoSuchObjectException,
        ObjectInUseException,
        RefusedException {
  private static final long serialVersionUID = 1;

  AdminException(String sentence) {
    super(sentence);
  }

  AdminException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
