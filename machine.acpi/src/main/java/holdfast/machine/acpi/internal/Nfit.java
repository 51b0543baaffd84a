package holdfast.machine.acpi.internal;

import holdfast.machine.api.MemoryDevice;
import java.util.List;
import java.util.OptionalInt;

/**
 * The NVDIMM Firmware Interface Table (ACPI 6.4, 5.2.25): for each NVDIMM a range of guest
 * addresses, the module behind it, and what that is. Where the specification leaves a choice it is
 * QEMU's, which guests' drivers know.
 */
public final class Nfit {
  private static final int REVISION = 1;

  private static final int RANGE = 0;
  private static final int MEMORY_MAP = 1;
  private static final int CONTROL_REGION = 4;
  private static final int PLATFORM_CAPABILITIES = 7;

  /** The control region is for hot plug alone, and the proximity domain says something. */
  private static final int RANGE_FLAGS = 1 << 0 | 1 << 1;

  /** Cached with write-back, and not volatile: EFI_MEMORY_WB and EFI_MEMORY_NV. */
  private static final long RANGE_ATTRIBUTES = 0x8 | 0x8000;

  /** What is stored won't persist. */
  private static final int NOT_ARMED = 1 << 3;

  private static final int VENDOR = 0x8086;
  private static final int DEVICE = 1;
  private static final int DEVICE_REVISION = 1;
  private static final int FIRST_SERIAL_NUMBER = 0x123456;

  /** Bytes that are addressed directly, without windows and without energy of its own. */
  private static final int BYTE_ADDRESSABLE = 0x0301;

  private Nfit() {}

  /**
   * Returns the structures without the table's header, which is what {@code _FIT} returns: in the
   * order of slots. Empty without NVDIMMs.
   *
   * @param capabilities the platform's, if it tells of any
   */
  public static byte[] structures(List<MemoryDevice> nvdimms, OptionalInt capabilities) {
    Fields all = new Fields();
    for (MemoryDevice nvdimm : nvdimms) {
      all.bytes(range(nvdimm)).bytes(memoryMap(nvdimm)).bytes(controlRegion(nvdimm));
    }
    if (!nvdimms.isEmpty() && capabilities.isPresent()) {
      all.bytes(platformCapabilities(capabilities.getAsInt()));
    }
    return all.toByteArray();
  }

  /** Returns the whole table with these structures. */
  public static byte[] table(byte[] structures) {
    return TableHeader.before(
        "NFIT", REVISION, new Fields().u32(0).bytes(structures).toByteArray());
  }

  /** Returns by which number an NVDIMM is known, here and in the SSDT; 0 is their root device. */
  public static int handle(int slot) {
    return slot + 1;
  }

  private static int rangeIndex(MemoryDevice nvdimm) {
    return handle(nvdimm.slot()) * 2;
  }

  private static int controlRegionIndex(MemoryDevice nvdimm) {
    return rangeIndex(nvdimm) + 1;
  }

  /** 5.2.25.2, without the location cookie, which no flag tells of. */
  private static byte[] range(MemoryDevice nvdimm) {
    return structure(
        RANGE,
        new Fields()
            .u16(rangeIndex(nvdimm))
            .u16(RANGE_FLAGS)
            .u32(0)
            .u32(nvdimm.node())
            .bytes(Guid.PERSISTENT_MEMORY.bytes())
            .u64(nvdimm.address().value())
            .u64(nvdimm.size().bytes())
            .u64(RANGE_ATTRIBUTES));
  }

  /** 5.2.25.3. */
  private static byte[] memoryMap(MemoryDevice nvdimm) {
    boolean armed = !nvdimm.unarmed() && !nvdimm.readOnly();
    return structure(
        MEMORY_MAP,
        new Fields()
            .u32(handle(nvdimm.slot()))
            .u16(0)
            .u16(0)
            .u16(rangeIndex(nvdimm))
            .u16(controlRegionIndex(nvdimm))
            .u64(nvdimm.size().bytes())
            .u64(0)
            .u64(0)
            .u16(0)
            .u16(1)
            .u16(armed ? 0 : NOT_ARMED)
            .u16(0));
  }

  /**
   * 5.2.25.6. There are no block control windows, so that it could end behind their number; but
   * ACPICA's compiler of 2020 takes it in its whole length alone.
   */
  private static byte[] controlRegion(MemoryDevice nvdimm) {
    return structure(
        CONTROL_REGION,
        new Fields()
            .u16(controlRegionIndex(nvdimm))
            .u16(VENDOR)
            .u16(DEVICE)
            .u16(DEVICE_REVISION)
            .zeros(12)
            .u32(FIRST_SERIAL_NUMBER + nvdimm.slot())
            .u16(BYTE_ADDRESSABLE)
            .zeros(50));
  }

  /** 5.2.25.9. */
  private static byte[] platformCapabilities(int capabilities) {
    int highest = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(capabilities);
    return structure(
        PLATFORM_CAPABILITIES, new Fields().u8(highest).zeros(3).u32(capabilities).u32(0));
  }

  private static byte[] structure(int type, Fields content) {
    return new Fields()
        .u16(type)
        .u16(2 * Short.BYTES + content.size())
        .bytes(content.toByteArray())
        .toByteArray();
  }
}
