package holdfast.machine.api;

import holdfast.backend.api.ByteSize;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Memory at a guest address: base RAM, a {@code pc-dimm} or an {@code nvdimm}. Immutable; only the
 * {@link #region()} behind it changes its state. Base RAM that is split around the hole below 4 GiB
 * is two devices on one region.
 */
public interface MemoryDevice {

  /**
   * The id, unique in the machine. Base RAM, and a device to which the operator gave no id, has one
   * that no operator can give, such as {@code ram:below-4g} or {@code nvdimm[0]}.
   */
  String id();

  /** What kind of device it is. */
  MemoryDriver driver();

  /** The bytes behind it. */
  MemoryRegion region();

  /** The guest address of its first byte. */
  GuestAddress address();

  /**
   * How many bytes the guest sees at {@link #address()}, at least 1. The label is not among them.
   */
  ByteSize size();

  /** The guest addresses of the device. */
  default GuestRange range() {
    return GuestRange.of(address(), size());
  }

  /**
   * The bytes that the guest sees, from {@link #address()} on: a slice of the region's segment, and
   * like it the same for the device's whole life. A read-only segment if {@link #readOnly()}.
   */
  MemorySegment segment();

  /**
   * The label area of an {@code nvdimm} that has one: the last bytes of its region, which the guest
   * reaches through ACPI methods only. A read-only segment if {@link #readOnly()}.
   */
  Optional<MemorySegment> label();

  /** The size of the label area, 0 without one. */
  default ByteSize labelSize() {
    return new ByteSize(label().map(MemorySegment::byteSize).orElse(0L));
  }

  /** The slot, from 0, or -1 for base RAM. */
  int slot();

  /** The NUMA node of the guest, from 0. */
  int node();

  /**
   * Whether the guest is told that stores into this {@code nvdimm} won't persist. It says nothing
   * about the host: the memory takes stores unless {@link #readOnly()}.
   */
  boolean unarmed();

  /** Whether the memory can't be written, because its backend was opened that way. */
  boolean readOnly();
}
