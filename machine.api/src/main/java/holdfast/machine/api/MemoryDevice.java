package holdfast.machine.api;

import holdfast.backend.api.ByteSize;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Memory at a guest address: base RAM, a {@code pc-dimm} or an {@code nvdimm}. Immutable; only the
 * state of the {@link #region()} behind it changes, and with that {@link #unarmed()}. Base RAM in
 * several pieces, as around a PC's hole below 4 GiB, is several devices on one region.
 */
@ProviderType
public interface MemoryDevice {

  /**
   * Returns the id, unique in the machine. Base RAM, and a device to which the operator gave no id,
   * has one that no operator can give, such as {@code ram:below-4g}, {@code ram:0x40000000} or
   * {@code nvdimm[0]}.
   */
  String id();

  /** Returns the kind of device. */
  DeviceKind driver();

  /** Returns the region that holds its bytes. */
  MemoryRegion region();

  /** Returns the guest address of its first byte. */
  GuestAddress address();

  /**
   * Returns how many bytes the guest sees at {@link #address()}, at least 1. The label is not among
   * them.
   */
  ByteSize size();

  /** Returns the guest addresses of the device. */
  default GuestRange range() {
    return GuestRange.of(address(), size());
  }

  /**
   * Returns the bytes that the guest sees at {@link #address()}: a slice of the region's segment.
   * Like that, it stays the same for the device's whole life. The segment is read-only if {@link
   * #readOnly()}.
   */
  MemorySegment segment();

  /**
   * Returns the label area of an {@code nvdimm} that has one: the last bytes of its region, which
   * the guest reaches through ACPI methods only. The segment is read-only if {@link #readOnly()}.
   */
  Optional<MemorySegment> label();

  /** Returns the size of the label area, 0 if there is none. */
  default ByteSize labelSize() {
    return new ByteSize(label().map(MemorySegment::byteSize).orElse(0L));
  }

  /** Returns the slot, from 0, or -1 for base RAM. */
  int slot();

  /** Returns the guest's NUMA node of this device, from 0. */
  int node();

  /**
   * Returns whether the guest is told that stores into this {@code nvdimm} won't persist. This does
   * not restrict the host: the memory accepts stores unless {@link #readOnly()}.
   *
   * <p>With {@code unarmed=auto} it follows what the {@link #region()} obtains: the device is armed
   * while a store is durable once the guest has flushed its cache line, and unarmed otherwise. A
   * {@link GuestMemoryListener} hears of a change by {@link GuestMemoryListener#regionChanged}.
   */
  boolean unarmed();

  /** Returns whether the memory can't be written, because its backend was opened that way. */
  boolean readOnly();

  /** Returns whether it was plugged while the machine was up, and not there from its start. */
  boolean hotplugged();
}
