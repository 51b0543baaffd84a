package holdfast.vcpu.api;

/** Thrown when this host does not have the engine: its device or its library is not there. */
public final class EngineMissingException extends VcpuException {
  private static final long serialVersionUID = 1;

  private final String missing;

  /**
   * @param missing the device or library, such as {@code /dev/kvm}
   * @param remedy what to do, as half a sentence
   */
  public EngineMissingException(String engine, String missing, String remedy) {
    super(engine, missing + " is not there; " + remedy);
    this.missing = missing;
  }

  /** Returns the device or library that is not there. */
  public String missing() {
    return missing;
  }
}
