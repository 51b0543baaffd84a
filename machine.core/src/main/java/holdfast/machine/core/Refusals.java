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
import holdfast.machine.admin.MachineNotUpException;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.NoSuchDeviceException;
import holdfast.machine.admin.NoSuchObjectException;
import holdfast.machine.admin.ObjectInUseException;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.core.internal.guest.PlugException;
import java.util.List;

/** Turns what the machine's parts throw into what an operator's door knows. The cause is kept. */
final class Refusals {
  private Refusals() {}

  /**
   * Returns the exception for an operator.
   *
   * @param id the object or device that was to be changed
   * @param devices the ids of the devices that there are
   */
  static AdminException of(String id, List<String> devices, MachineException e) {
    return switch (e) {
      case MachineEndedException _ -> ended();
      case MachineBusyException busy -> new BusyException(busy);
      case TakenIdException taken ->
          new DuplicateIdException(id, taken.problem() + "; give it another id", taken);
      case UnknownBackendException unknown ->
          new NoSuchObjectException(unknown.id(), unknown.problem(), unknown);
      case BackendInUseException used -> new ObjectInUseException(id, used.devices(), used);
      default -> ofCause(id, devices, e);
    };
  }

  private static AdminException ended() {
    return new MachineNotUpException(new MachineStatus(MachineStatus.Phase.ENDED, "", false));
  }

  private static AdminException ofCause(String id, List<String> devices, MachineException e) {
    return switch (e.getCause()) {
      case OptionException mistake -> new InvalidRequestException(mistake);
      case PlugException refused -> of(id, devices, refused);
      case RamBlockException refused when refused.getMessage().equals(e.getMessage()) ->
          of(refused);
      case null, default -> new RefusedException(e);
    };
  }

  private static AdminException of(String id, List<String> devices, PlugException e) {
    return switch (e.refusal()) {
      case MACHINE_ENDED -> ended();
      case DUPLICATE_ID -> new DuplicateIdException(id, e.getMessage(), e);
      case NO_SUCH_DEVICE -> new NoSuchDeviceException(id, devices);
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
