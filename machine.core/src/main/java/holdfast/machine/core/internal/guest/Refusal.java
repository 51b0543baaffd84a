package holdfast.machine.core.internal.guest;

/** Why a memory device is not plugged, in the order of the checks, or not unplugged. */
public enum Refusal {
  /** Another device has the id. */
  DUPLICATE_ID,
  /** The driver has no such property. */
  NO_SUCH_PROPERTY,
  /** {@code label-size} is below 128 KiB. */
  LABEL_TOO_SMALL,
  /** {@code uuid} is not a UUID. */
  BAD_UUID,
  /** The machine accepts no nvdimm. */
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
  /** The device needs more than is left of {@code maxmem}. */
  NOT_ENOUGH_SPACE,
  /** The size of a pc-dimm is not a multiple of its backend's alignment. */
  SIZE_NOT_ALIGNED,
  /** {@code addr} is not a multiple of the backend's alignment. */
  ADDRESS_NOT_ALIGNED,
  /** The device would not be wholly within the address range for devices. */
  ADDRESS_OUTSIDE,
  /** Another device is at that address. */
  ADDRESS_TAKEN,
  /** No gap is large enough. */
  NO_GAP,
  /** The NUMA node doesn't exist. */
  NO_SUCH_NODE,
  /** Another device, or the base RAM, uses the backend. */
  BACKEND_BUSY,
  /** On unplugging: no device has the id. */
  NO_SUCH_DEVICE,
  /** On unplugging: such a device can't be unplugged. */
  NOT_UNPLUGGABLE,
  /** The machine is ending. */
  MACHINE_ENDED
}
