package holdfast.machine.core.internal.guest;

/** Why a memory device is not plugged, in the order in which it is checked. */
public enum Refusal {
  /** Another device has the id. */
  DUPLICATE_ID,
  /** The driver has no such property. */
  NO_SUCH_PROPERTY,
  /** {@code label-size} is below 128 KiB. */
  LABEL_TOO_SMALL,
  /** {@code uuid} is none. */
  BAD_UUID,
  /** The machine takes no nvdimm. */
  NVDIMM_OFF,
  /** {@code memdev} is missing. */
  NO_MEMDEV,
  /** The slot doesn't exist. */
  NO_SUCH_SLOT,
  /** The machine has no slots. */
  NO_SLOTS,
  /** Another device has the slot. */
  SLOT_TAKEN,
  /** Every slot has a device. */
  SLOTS_FULL,
  /** The machine has no address range for devices. */
  NO_DEVICE_MEMORY,
  /** The backend has no room for label and aligned memory. */
  BACKEND_TOO_SMALL,
  /** The backend is read-only, and {@code unarmed} is off. */
  NOT_UNARMED,
  /** Less is left of {@code maxmem} than the device needs. */
  NOT_ENOUGH_SPACE,
  /** The size of a pc-dimm is no multiple of its backend's alignment. */
  SIZE_NOT_ALIGNED,
  /** {@code addr} is no multiple of the backend's alignment. */
  ADDRESS_NOT_ALIGNED,
  /** The device would not be wholly within the range for devices. */
  ADDRESS_OUTSIDE,
  /** Another device stands there. */
  ADDRESS_TAKEN,
  /** No gap is great enough. */
  NO_GAP,
  /** The NUMA node doesn't exist. */
  NO_SUCH_NODE,
  /** Another device, or the base RAM, has the backend. */
  BACKEND_BUSY,
  /** No device has the id: unplugging. */
  NO_SUCH_DEVICE,
  /** Such a device can't be unplugged. */
  NOT_UNPLUGGABLE
}
