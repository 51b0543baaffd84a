package holdfast.vcpu.api;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The guest accessed memory that is gone, can't be stored into, or can't be provided.
 *
 * <p>After {@link Unplugged} and {@link StoredReadOnly} the guest can go on, as it does on a
 * machine whose bus nobody answers: the load gave all bits set, the store was dropped. After the
 * others bytes are lost, and an emulator stops the guest; {@link Vcpu#run} would tell the same
 * again, or another one of these. How to tell the guest (an x86 machine check) is the emulator's.
 */
@ProviderType
public sealed interface MemoryFault extends VcpuExit {

  /** Returns the access, if the engine knows it. */
  Optional<Access> access();

  /** Returns a sentence for an operator that names the access, the device and what to do. */
  String sentence();

  /**
   * One access of the guest.
   *
   * @param width bytes, from 1 to 8
   * @param store whether it stores
   */
  record Access(GuestAddress address, int width, boolean store) {
    @Override
    public String toString() {
      return (store ? "a store of " : "a load of ") + width + " bytes at " + address;
    }
  }

  /**
   * A device was there, and has been unplugged.
   *
   * @param device its id
   */
  record Unplugged(Access at, String device) implements MemoryFault {
    @Override
    public Optional<Access> access() {
      return Optional.of(at);
    }

    @Override
    public String sentence() {
      return at
          + ": device '"
          + device
          + "' stood there and was unplugged; have the guest give a device up before it is"
          + " unplugged";
    }
  }

  /** A store into a device that can't be written. */
  record StoredReadOnly(Access at, MemoryDevice device) implements MemoryFault {
    @Override
    public Optional<Access> access() {
      return Optional.of(at);
    }

    @Override
    public String sentence() {
      return at
          + ": "
          + describe(device)
          + " is read-only, since its memory backend was opened with readonly=on; the store was"
          + " dropped";
    }
  }

  /**
   * An access to a device whose region {@link holdfast.machine.api.RegionState#FAILED has failed}.
   */
  record RegionFailed(Access at, MemoryDevice device) implements MemoryFault {
    @Override
    public Optional<Access> access() {
      return Optional.of(at);
    }

    @Override
    public String sentence() {
      return at
          + ": the memory backend of "
          + describe(device)
          + " has failed, and none of its bytes can be relied on: stop the guest and look at "
          + device.region().backing();
    }
  }

  /**
   * The host can't provide a page: its file was truncated, or its disk is full or failed. The
   * region has failed now. Not every engine can say which access it was.
   */
  record PageLost(Optional<Access> access, MemoryDevice device) implements MemoryFault {
    @Override
    public String sentence() {
      return access.map(Object::toString).orElse("an access")
          + ": the host can't provide a page of "
          + describe(device)
          + "; its file was truncated, or its disk is full or failed: stop the guest and look at "
          + device.region().backing();
    }
  }

  /** An access to a device that the engine could not take in when it was plugged. */
  record NotTaken(Access at, MemoryDevice device, VcpuException reason) implements MemoryFault {
    @Override
    public Optional<Access> access() {
      return Optional.of(at);
    }

    @Override
    public String sentence() {
      return at + ": the guest can't reach " + describe(device) + ": " + reason.getMessage();
    }
  }

  private static String describe(MemoryDevice device) {
    return device.driver()
        + " '"
        + device.id()
        + "' (memory backend '"
        + device.region().id()
        + "')";
  }
}
