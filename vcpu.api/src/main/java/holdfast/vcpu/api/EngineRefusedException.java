package holdfast.vcpu.api;

/** Thrown when this process may not use the engine. */
public final class EngineRefusedException extends VcpuException {
  private static final long serialVersionUID = 1;

  private final String resource;

  /**
   * @param resource what it may not open, such as {@code /dev/kvm}
   * @param answer the host's answer, such as {@code EACCES (Permission denied)}
   * @param remedy what to do, as half a sentence
   */
  public EngineRefusedException(String engine, String resource, String answer, String remedy) {
    super(engine, resource + " may not be used by this process: " + answer + "; " + remedy);
    this.resource = resource;
  }

  /** Returns what this process may not open. */
  public String resource() {
    return resource;
  }
}
