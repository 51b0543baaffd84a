package holdfast.vcpu.api;

/** Thrown when a call of the engine failed that nothing better is known of. */
public final class EngineCallException extends VcpuException {
  private static final long serialVersionUID = 1;

  private final String call;
  private final int code;

  /**
   * @param call what was called, such as {@code KVM_CREATE_VCPU}
   * @param purpose what for, such as {@code vCPU 'cpu0'}
   * @param code the engine's number, such as an errno
   * @param answer its answer for people, such as {@code EEXIST (File exists)}
   */
  public EngineCallException(
      String engine, String call, String purpose, int code, String answer, Throwable cause) {
    super(engine, call + " for " + purpose + " failed: " + answer, cause);
    this.call = call;
    this.code = code;
  }

  /**
   * The same, of an engine that answers without an exception.
   *
   * @param call what was called
   * @param purpose what for
   * @param code the engine's number
   * @param answer its answer for people
   */
  public EngineCallException(String engine, String call, String purpose, int code, String answer) {
    super(engine, call + " for " + purpose + " failed: " + answer);
    this.call = call;
    this.code = code;
  }

  /** Returns what was called. */
  public String call() {
    return call;
  }

  /** Returns the engine's number. */
  public int code() {
    return code;
  }
}
