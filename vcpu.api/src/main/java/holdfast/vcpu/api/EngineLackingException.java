package holdfast.vcpu.api;

/** Thrown when the engine is there and lacks what is needed of it. */
public final class EngineLackingException extends VcpuException {
  private static final long serialVersionUID = 1;

  private final String lacking;

  /**
   * @param lacking what it does not have, such as {@code KVM_CAP_USER_MEMORY}
   * @param remedy what to do, as half a sentence
   */
  public EngineLackingException(String engine, String lacking, String remedy) {
    super(engine, "this one has no " + lacking + "; " + remedy);
    this.lacking = lacking;
  }

  /** Returns what it does not have. */
  public String lacking() {
    return lacking;
  }
}
