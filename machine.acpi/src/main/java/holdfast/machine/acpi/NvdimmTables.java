package holdfast.machine.acpi;

import holdfast.machine.acpi.internal.Nfit;
import holdfast.machine.acpi.internal.Srat;
import holdfast.machine.acpi.internal.Ssdt;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.NvdimmPersistence;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The firmware tables by which a guest finds its memory devices, as they are at one time. The
 * values in them are QEMU's, so that a guest's drivers know them.
 *
 * <p>Immutable. The segments are read-only, on the heap, and live as long as they are referred to.
 */
public final class NvdimmTables {
  private final NvdimmPlatform platform;
  private final List<MemoryDevice> devices;
  private final byte[] structures;
  private final byte[] ssdt;

  private NvdimmTables(NvdimmPlatform platform, List<MemoryDevice> devices, byte[] ssdt) {
    this.platform = platform;
    this.devices = devices;
    this.structures =
        Nfit.structures(
            devices.stream()
                .filter(device -> device.driver() == DeviceKind.NVDIMM)
                .sorted(Comparator.comparingInt(MemoryDevice::slot))
                .toList(),
            platform.persistence().stream().mapToInt(NvdimmTables::capabilities).findFirst());
    this.ssdt = ssdt;
  }

  /**
   * Makes the tables.
   *
   * @param devices all memory devices, also base RAM, which is in the SRAT
   * @throws IllegalArgumentException if a device is in a slot that the platform doesn't have
   */
  public static NvdimmTables of(NvdimmPlatform platform, List<MemoryDevice> devices) {
    byte[] ssdt =
        Ssdt.table(
            platform.slots(),
            platform.port(),
            (int) platform.page().value(),
            platform.fitEvent(),
            platform.healthEvent());
    return new NvdimmTables(platform, checked(platform, devices), ssdt);
  }

  /**
   * Returns the tables of the same platform with other devices.
   *
   * @throws IllegalArgumentException if a device is in a slot that the platform doesn't have
   */
  public NvdimmTables with(List<MemoryDevice> others) {
    return new NvdimmTables(platform, checked(platform, others), ssdt);
  }

  private static List<MemoryDevice> checked(NvdimmPlatform platform, List<MemoryDevice> devices) {
    for (MemoryDevice device : devices) {
      if (device.driver() == DeviceKind.NVDIMM
          && (device.slot() < 0 || device.slot() >= platform.slots())) {
        throw new IllegalArgumentException(
            "device '%s' is in slot %d of %d slots"
                .formatted(device.id(), device.slot(), platform.slots()));
      }
    }
    return devices.stream().sorted(Comparator.comparing(MemoryDevice::address)).toList();
  }

  /** Returns the devices, lowest address first. */
  public List<MemoryDevice> devices() {
    return devices;
  }

  /**
   * Returns the NVDIMM Firmware Interface Table, whole, with its header. Empty if there is no
   * NVDIMM.
   */
  public Optional<MemorySegment> nfit() {
    return structures.length == 0 ? Optional.empty() : Optional.of(segment(Nfit.table(structures)));
  }

  /**
   * Returns the NFIT's structures without its header, as the guest's {@code _FIT} returns them
   * (ACPI 6.4, 6.5.9). Empty if there is no NVDIMM.
   */
  public MemorySegment fit() {
    return segment(structures);
  }

  /**
   * Returns the Secondary System Description Table with the devices {@code \_SB.NVDR} and {@code
   * NV00} and so on, whole, with its header. It stays the same whatever is plugged. Empty if the
   * platform has no slots.
   */
  public Optional<MemorySegment> ssdt() {
    return platform.slots() == 0 ? Optional.empty() : Optional.of(segment(ssdt));
  }

  /**
   * Returns where in the {@link #ssdt} the shared page's address is, four bytes, lowest first: for
   * a firmware that allocates the page and puts its address there. It then has to make the table's
   * checksum anew.
   */
  public int pageAddressOffset() {
    return Ssdt.addressOffset(ssdt);
  }

  /**
   * Returns the entries of a System Resource Affinity Table for all memory (ACPI 6.4, 5.2.16.2),
   * one for each device, lowest address first: base RAM enabled, a {@code pc-dimm} hot-pluggable,
   * too, an {@code nvdimm} non-volatile. An emulator puts those of its CPUs beside them.
   */
  public MemorySegment sratEntries() {
    return segment(Srat.entries(devices));
  }

  /** Returns a whole System Resource Affinity Table with the {@link #sratEntries} alone. */
  public MemorySegment srat() {
    return segment(Srat.table(Srat.entries(devices)));
  }

  private static MemorySegment segment(byte[] bytes) {
    return MemorySegment.ofArray(bytes).asReadOnly();
  }

  /** Returns whether a guest would see the same NVDIMMs in both. */
  boolean hasSameFit(NvdimmTables other) {
    return Arrays.equals(structures, other.structures);
  }

  @Override
  public String toString() {
    return "tables of %d slots with %s"
        .formatted(platform.slots(), devices.stream().map(MemoryDevice::id).toList());
  }

  /** Returns the bits of the NFIT's platform capabilities (ACPI 6.4, 5.2.25.9). */
  private static int capabilities(NvdimmPersistence told) {
    int memoryController = 1 << 1;
    return switch (told) {
      case CPU -> 1 | memoryController;
      case MEM_CTRL -> memoryController;
    };
  }
}
