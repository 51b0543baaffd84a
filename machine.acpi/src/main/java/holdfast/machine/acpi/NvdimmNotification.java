package holdfast.machine.acpi;

import holdfast.machine.acpi.internal.Ssdt;
import holdfast.machine.api.MemoryDevice;

/**
 * What a guest's driver is to be told: the operands of ACPI's {@code Notify}.
 *
 * @param path the ACPI device, such as {@code \_SB.NVDR.NV00}
 * @param value what has happened: {@link #FIT_CHANGED} or {@link #HEALTH_CHANGED}
 */
public record NvdimmNotification(String path, int value) {
  /** The value that tells the root device to read the NFIT anew (ACPI 6.4, 5.6.6). */
  public static final int FIT_CHANGED = Ssdt.FIT_CHANGED;

  /** The value that tells an NVDIMM to look at its health (ACPI 6.4, 5.6.6). */
  public static final int HEALTH_CHANGED = Ssdt.HEALTH_CHANGED;

  static NvdimmNotification ofFit() {
    return new NvdimmNotification(Ssdt.ROOT, FIT_CHANGED);
  }

  static NvdimmNotification ofHealth(MemoryDevice nvdimm) {
    return new NvdimmNotification(Ssdt.path(nvdimm.slot()), HEALTH_CHANGED);
  }
}
