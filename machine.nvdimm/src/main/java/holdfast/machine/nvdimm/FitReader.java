package holdfast.machine.nvdimm;

import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Reads the machine's present FIT, the structures of its NFIT (ACPI 6.4, 5.2.25), for a guest that
 * evaluates {@code _FIT} (6.5.9) after a plug or unplug. Given by whoever makes the tables.
 */
@FunctionalInterface
@ConsumerType
public interface FitReader {
  /** The greatest number of bytes that the shared page has room for. */
  int MAX_BYTES = 4088;

  /** The {@linkplain Part#status status} of a part that was read, or of the end. */
  int SUCCESS = 0;

  /** The {@linkplain Part#status status} of an offset beyond the end. */
  int INVALID = 3;

  /**
   * The {@linkplain Part#status status} that tells the guest to start again at offset 0: the FIT is
   * another one than when it read that (QEMU, {@code docs/specs/acpi_nvdimm.rst}).
   */
  int CHANGED = 0x100;

  /** Has no FIT that can be read: for machines whose NVDIMMs are all there from the start. */
  FitReader NONE = offset -> new Part(1, MemorySegment.NULL);

  /**
   * Reads the FIT from {@code offset} on. Called in the thread of the request; must not block.
   *
   * @param offset first byte, from 0 to 4294967295, as the guest gave it
   */
  Part read(long offset);

  /**
   * What was read.
   *
   * @param status 0, or why nothing was read; the guest gets it as it is
   * @param bytes the bytes, none at the end of the FIT; of more than {@value #MAX_BYTES} the guest
   *     gets the first ones and asks for the rest. Not used if {@code status} isn't 0
   */
  record Part(int status, MemorySegment bytes) {}
}
