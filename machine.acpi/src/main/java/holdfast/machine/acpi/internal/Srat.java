package holdfast.machine.acpi.internal;

import holdfast.machine.api.MemoryDevice;
import java.util.List;

/** The System Resource Affinity Table's part on memory (ACPI 6.4, 5.2.16). */
public final class Srat {
  private static final int REVISION = 3;
  private static final int MEMORY = 1;
  private static final int MEMORY_LENGTH = 40;
  private static final int ENABLED = 1 << 0;
  private static final int HOT_PLUGGABLE = 1 << 1;
  private static final int NON_VOLATILE = 1 << 2;

  private Srat() {}

  /** Returns one entry for each device (5.2.16.2), in this order. */
  public static byte[] entries(List<MemoryDevice> devices) {
    Fields all = new Fields();
    for (MemoryDevice device : devices) {
      all.u8(MEMORY)
          .u8(MEMORY_LENGTH)
          .u32(device.node())
          .u16(0)
          .u64(device.address().value())
          .u64(device.size().bytes())
          .u32(0)
          .u32(flags(device))
          .u64(0);
    }
    return all.toByteArray();
  }

  private static int flags(MemoryDevice device) {
    return switch (device.driver()) {
      case RAM -> ENABLED;
      case PC_DIMM -> ENABLED | HOT_PLUGGABLE;
      case NVDIMM -> ENABLED | NON_VOLATILE;
    };
  }

  /** Returns a whole table with these entries; the reserved 1 is what revision 1 had there. */
  public static byte[] table(byte[] entries) {
    return TableHeader.before(
        "SRAT", REVISION, new Fields().u32(1).u64(0).bytes(entries).toByteArray());
  }
}
