package holdfast.backend.api;

/**
 * Thrown when the policy is {@code require} and neither cache-line nor byte granularity was
 * obtained.
 */
public final class DurabilityException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final transient Durability durability;

  /**
   * @param durability what the block would have had
   */
  public DurabilityException(RamBlockSpec spec, Durability durability) {
    super(
        spec,
        "x-durability=require, but the granularity obtained is "
            + durability.obtained()
            + ": "
            + durability.reason()
            + "; use a file on a DAX file system with pmem=on,share=on, or set x-durability=warn");
    this.durability = durability;
  }

  /** Returns the durability that the block would have had. */
  public Durability durability() {
    return durability;
  }
}
