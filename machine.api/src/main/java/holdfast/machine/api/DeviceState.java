package holdfast.machine.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The state of one of an emulator's parts, such as a vCPU or an interrupt controller, which goes
 * with the guest when it migrates. An emulator registers one for each part: as an OSGi service, or
 * with {@code Holdfast.addDeviceState}.
 *
 * <p>Before anything is paused the sender tells the receiver ids and versions; one that the
 * receiver lacks, or whose version it can't load, refuses the migration. {@link #save} and {@link
 * #load} are called while all guest writers are paused, one after another in the order of {@link
 * #order}, from a thread of Holdfast's; each has the migration's limit, and one that hangs or
 * throws fails the migration: the guest goes on where it was.
 */
@ConsumerType
public interface DeviceState {

  /**
   * Returns what it is the state of, the same on both sides: {@code cpu0}. At most 255 bytes in
   * UTF-8, and no two of a machine have the same.
   */
  String id();

  /** Returns the version of what {@link #save} writes; no less than 1. */
  int version();

  /** Returns whether {@link #load} can load what another version wrote. Asked before the pause. */
  default boolean canLoad(int version) {
    return version == version();
  }

  /** Returns its place: lower ones are saved and loaded first; of equal ones by their ids. */
  default int order() {
    return 0;
  }

  /**
   * Writes the state. It stays as it is, since the migration may still fail.
   *
   * @param to takes up to 64 MiB; need not be closed
   */
  void save(OutputStream to) throws IOException;

  /**
   * Loads a state. Guest memory is complete by then. What was here before is gone, even if it
   * fails: the guest never ran here.
   *
   * @param version the sender's {@link #version}
   * @param from ends where the state ends
   */
  void load(int version, InputStream from) throws IOException;
}
