package holdfast.machine.core.internal.guest;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.config.options.OnOffAuto;

/**
 * The division of a backend's bytes: the guest's part, from offset 0, and the label area, at the
 * end of the backend's {@code size} (not of its file). The bytes between the two parts of an nvdimm
 * can't be reached.
 *
 * @param guest the part that the guest sees, at least 1 byte
 * @param label the label area, 0 for none
 * @param align the guest address, and the guest's part of an nvdimm, are multiples of this
 */
record DeviceGeometry(ByteSize guest, ByteSize label, Alignment align) {

  /** Returns the division of the backend that {@code request} names. */
  static DeviceGeometry of(DeviceRequest request) throws PlugException {
    MemoryRegion memdev = request.requireMemdev();
    if (request.driver() == DeviceKind.PC_DIMM) {
      return new DeviceGeometry(memdev.size(), ByteSize.ZERO, memdev.align());
    }
    ByteSize label = request.labelSize() == null ? ByteSize.ZERO : request.labelSize();
    long guest = memdev.align().roundDown(memdev.size().bytes() - label.bytes());
    if (guest <= 0) {
      throw request.refused(
          Refusal.BACKEND_TOO_SMALL,
          "the backend has size="
              + memdev.size()
              + (label.bytes() == 0 ? "" : ", of which the label takes " + label)
              + ": less than one unit of its alignment "
              + memdev.align()
              + " is left for the guest; give the backend a greater size, a smaller align or a smaller"
              + " label-size");
    }
    if (memdev.obtained().contains(RamFlag.RAM_READONLY) && request.unarmed() == OnOffAuto.OFF) {
      throw request.refused(
          Refusal.NOT_UNARMED,
          "the backend is read-only, so no store of the guest can persist; say so to the guest with"
              + " unarmed=on, or open the backend for writing");
    }
    return new DeviceGeometry(new ByteSize(guest), label, memdev.align());
  }

  /** Checks that the guest's part is a multiple of the alignment: a pc-dimm is never cut. */
  void checkWhole(DeviceRequest request) throws PlugException {
    if (!align.divides(guest.bytes())) {
      throw request.refused(
          Refusal.SIZE_NOT_ALIGNED,
          "the backend has size="
              + guest
              + ", no multiple of its alignment "
              + align
              + "; round the size to one, or give it a smaller align");
    }
  }
}
