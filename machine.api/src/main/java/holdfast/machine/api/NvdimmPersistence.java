package holdfast.machine.api;

/**
 * How far a guest's stores into its NVDIMMs have to go so that they survive a power cut, as its
 * firmware tells it: QEMU's {@code -machine nvdimm-persistence=}. It is a claim of whoever starts
 * the machine; what holds of a device is its region's {@link MemoryRegion#durability()}.
 */
public enum NvdimmPersistence {
  /** As far as the CPU's caches: the platform writes them and the memory controller's back. */
  CPU("cpu"),

  /**
   * As far as the memory controller: the guest flushes its CPU caches, the platform does the rest.
   */
  MEM_CTRL("mem-ctrl");

  private final String label;

  NvdimmPersistence(String label) {
    this.label = label;
  }

  /** Returns the word of the option: {@code cpu} or {@code mem-ctrl}. */
  public String label() {
    return label;
  }

  @Override
  public String toString() {
    return label;
  }
}
