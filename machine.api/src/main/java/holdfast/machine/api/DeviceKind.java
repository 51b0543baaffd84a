package holdfast.machine.api;

/** The kinds of memory device. */
public enum DeviceKind {
  /** The machine's base RAM, present from the start. It has no slot and can't be unplugged. */
  RAM("ram"),

  /** A volatile DIMM in a slot. */
  PC_DIMM("pc-dimm"),

  /** A persistent DIMM in a slot, with an optional label area. */
  NVDIMM("nvdimm");

  private final String label;

  DeviceKind(String label) {
    this.label = label;
  }

  /**
   * Returns the name in {@code -device} and in the monitor: {@code ram}, {@code pc-dimm}, {@code
   * nvdimm}.
   */
  public String label() {
    return label;
  }

  @Override
  public String toString() {
    return label;
  }
}
