package holdfast.vcpu.api;

/** Thrown when the engine makes no more vCPUs for this machine. */
public final class NoVcpuLeftException extends VcpuException {
  private static final long serialVersionUID = 1;

  private final int limit;

  /**
   * @param vcpu the name of the vCPU that was to be made
   * @param limit how many one machine can have in its life, those that are closed included
   * @param remedy what to do, as half a sentence
   */
  public NoVcpuLeftException(String engine, String vcpu, int limit, String remedy) {
    super(
        engine,
        "vCPU '"
            + vcpu
            + "' can't be made: a machine has at most "
            + limit
            + " in its life, those that are closed included; "
            + remedy);
    this.limit = limit;
  }

  /** Returns how many vCPUs one machine can have in its life. */
  public int limit() {
    return limit;
  }
}
