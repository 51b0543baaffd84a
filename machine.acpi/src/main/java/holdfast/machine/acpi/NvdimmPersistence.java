package holdfast.machine.acpi;

/**
 * How far a guest's stores have to go so that they survive a power cut, as the platform tells it:
 * QEMU's {@code -machine nvdimm-persistence=}.
 */
public enum NvdimmPersistence {
  /** As far as the CPU's caches: the platform writes them and the memory controller's back. */
  CPU("cpu", 1 << 0 | 1 << 1),

  /**
   * As far as the memory controller: the guest flushes its CPU caches, the platform does the rest.
   */
  MEM_CTRL("mem-ctrl", 1 << 1);

  private final String label;
  private final int capabilities;

  NvdimmPersistence(String label, int capabilities) {
    this.label = label;
    this.capabilities = capabilities;
  }

  /** Returns the word of the option: {@code cpu} or {@code mem-ctrl}. */
  public String label() {
    return label;
  }

  /** Returns the bits of the NFIT's platform capabilities (ACPI 6.4, 5.2.25.9). */
  public int capabilities() {
    return capabilities;
  }

  @Override
  public String toString() {
    return label;
  }
}
