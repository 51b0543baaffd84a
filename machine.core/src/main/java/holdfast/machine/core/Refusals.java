package holdfast.machine.core;

import holdfast.backend.api.BackingKindException;
import holdfast.backend.api.BackingLockedException;
import holdfast.backend.api.BlockAlignmentException;
import holdfast.backend.api.BlockOffsetException;
import holdfast.backend.api.BlockSizeException;
import holdfast.backend.api.DurabilityException;
import holdfast.backend.api.RamBlockException;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.BusyException;
import holdfast.machine.admin.DuplicateIdException;
import holdfast.machine.admin.HostException;
import holdfast.machine.admin.InvalidRequestException;
import holdfast.machine.admin.NoSuchDeviceException;
import holdfast.machine.admin.NoSuchObjectException;
import holdfast.machine.admin.ObjectInUseException;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.core.internal.guest.PlugException;

/** Turns what the machine's parts throw into what an operator's door knows. The cause is kept. */
final class Refusals {
  private Refusals() {}

  /**
   * Returns the exception for an operator.
   *
   * @param id the object or device that was to be changed
   */
  static AdminException of(String id, MachineException e) {
    return switch (e) {
      case MachineBusyException busy -> new BusyException(busy);
      case TakenIdException taken -> new DuplicateIdException(id, taken);
      case UnknownBackendException unknown -> new NoSuchObjectException(unknown.id(), unknown);
      case BackendInUseException used -> new ObjectInUseException(id, used.devices(), used);
      default -> ofCause(id, e);
    };
  }

  private static AdminException ofCause(String id, MachineException e) {
    return switch (e.getCause()) {
      case OptionException mistake -> new InvalidRequestException(mistake);
      case PlugException refused -> of(id, refused);
      case RamBlockException refused -> of(refused);
      case null, default -> new RefusedException(e);
    };
  }

  private static AdminException of(String id, PlugException e) {
    return switch (e.refusal()) {
      case DUPLICATE_ID -> new DuplicateIdException(id, e);
      case NO_SUCH_DEVICE -> new NoSuchDeviceException(id);
      case NO_SUCH_PROPERTY, LABEL_TOO_SMALL, BAD_UUID, NO_MEMDEV -> new InvalidRequestException(e);
      default -> new RefusedException(e);
    };
  }

  private static AdminException of(RamBlockException e) {
    return switch (e) {
      case BlockSizeException mistake -> new InvalidRequestException(mistake);
      case BlockOffsetException mistake -> new InvalidRequestException(mistake);
      case BlockAlignmentException mistake -> new InvalidRequestException(mistake);
      case DurabilityException refused -> new RefusedException(refused);
      case BackingLockedException refused -> new RefusedException(refused);
      case BackingKindException refused -> new RefusedException(refused);
      default -> new HostException(e);
    };
  }
}
