package holdfast.machine.core.internal.guest;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.config.DeviceSpec;
import holdfast.machine.config.options.OnOffAuto;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A device to be plugged, as {@code -device nvdimm,…} or {@code -device pc-dimm,…} asks for it.
 * Immutable; made by {@link #of} and refined by the {@code with} methods.
 *
 * @param driver {@code PC_DIMM} or {@code NVDIMM}
 * @param id null if none was given
 * @param memdev the memory backend, null if none was given
 * @param addr the guest address, or {@link GuestAddress#ZERO} to have one chosen
 * @param slot the slot, or -1 to have one chosen
 * @param labelSize the size of the label area, null for none
 * @param unarmed whether the guest is told that its stores won't persist
 * @param node the NUMA node
 * @param uuid null if none was given; it is checked, and has no other use on a PC
 */
public record DeviceRequest(
    DeviceKind driver,
    @Nullable String id,
    @Nullable MemoryRegion memdev,
    GuestAddress addr,
    int slot,
    @Nullable ByteSize labelSize,
    OnOffAuto unarmed,
    long node,
    @Nullable String uuid) {

  /** The value of {@link #slot()} that asks for any free slot. */
  public static final int ANY_SLOT = -1;

  private static final ByteSize SMALLEST_LABEL = ByteSize.kib(128);
  private static final Pattern UUID =
      Pattern.compile("\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}");

  /**
   * @throws IllegalArgumentException if {@code driver} is base RAM, which is not plugged
   */
  public DeviceRequest {
    if (driver == DeviceKind.RAM) {
      throw new IllegalArgumentException("base RAM is not plugged");
    }
  }

  /**
   * Returns a request for the device that {@code spec} describes, on the region of its memory
   * backend.
   */
  public static DeviceRequest of(DeviceSpec spec, MemoryRegion memdev) {
    return new DeviceRequest(
        spec.driver(),
        spec.id().orElse(null),
        memdev,
        spec.addr(),
        spec.slot(),
        spec.labelSize().orElse(null),
        spec.unarmed(),
        spec.node(),
        spec.uuid().orElse(null));
  }

  /** Returns a request with the default of every property. */
  public static DeviceRequest of(
      DeviceKind driver, @Nullable String id, @Nullable MemoryRegion memdev) {
    return new DeviceRequest(
        driver, id, memdev, GuestAddress.ZERO, ANY_SLOT, null, OnOffAuto.OFF, 0, null);
  }

  /** Returns a copy with another guest address. */
  public DeviceRequest withAddr(GuestAddress wish) {
    return new DeviceRequest(driver, id, memdev, wish, slot, labelSize, unarmed, node, uuid);
  }

  /** Returns a copy with another slot. */
  public DeviceRequest withSlot(int wish) {
    return new DeviceRequest(driver, id, memdev, addr, wish, labelSize, unarmed, node, uuid);
  }

  /** Returns a copy with a label area. */
  public DeviceRequest withLabelSize(ByteSize size) {
    return new DeviceRequest(driver, id, memdev, addr, slot, size, unarmed, node, uuid);
  }

  /** Returns a copy with another value of {@code unarmed}. */
  public DeviceRequest withUnarmed(OnOffAuto wish) {
    return new DeviceRequest(driver, id, memdev, addr, slot, labelSize, wish, node, uuid);
  }

  /** Returns a copy with another NUMA node. */
  public DeviceRequest withNode(long wish) {
    return new DeviceRequest(driver, id, memdev, addr, slot, labelSize, unarmed, wish, uuid);
  }

  /** Returns a copy with a UUID. */
  public DeviceRequest withUuid(String text) {
    return new DeviceRequest(driver, id, memdev, addr, slot, labelSize, unarmed, node, text);
  }

  /** Checks everything that can be checked without a machine. */
  void checkProperties() throws PlugException {
    if (driver == DeviceKind.PC_DIMM) {
      checkAbsent("label-size", labelSize != null);
      checkAbsent("unarmed", unarmed != OnOffAuto.OFF);
      checkAbsent("uuid", uuid != null);
    }
    if (labelSize != null && labelSize.bytes() < SMALLEST_LABEL.bytes()) {
      throw refused(
          Refusal.LABEL_TOO_SMALL,
          "label-size="
              + labelSize
              + " asked for, but a label area has at least "
              + SMALLEST_LABEL
              + "; ask for that, or leave label-size out for a device without label");
    }
    if (uuid != null && !UUID.matcher(uuid).matches()) {
      throw refused(
          Refusal.BAD_UUID,
          "uuid='"
              + uuid
              + "' is none; write 32 hexadecimal digits in groups of 8-4-4-4-12, or leave it out");
    }
  }

  private void checkAbsent(String property, boolean given) throws PlugException {
    if (given) {
      throw refused(
          Refusal.NO_SUCH_PROPERTY,
          driver + " has no property " + property + "; leave it out, or plug an nvdimm");
    }
  }

  /** Returns the requested backend; refuses a request without one. */
  MemoryRegion requireMemdev() throws PlugException {
    if (memdev == null) {
      throw refused(
          Refusal.NO_MEMDEV,
          "memdev is missing; name the memory backend that holds its bytes with memdev=");
    }
    return memdev;
  }

  /**
   * Returns the exception for this device.
   *
   * @param what what was asked for, what was found and what to do
   */
  PlugException refused(Refusal refusal, String what) {
    String name = id == null ? driver + " without id" : driver + " '" + id + "'";
    String backend = memdev == null ? "" : " on memory backend '" + memdev.id() + "'";
    return new PlugException(refusal, name + backend + ": " + what);
  }
}
