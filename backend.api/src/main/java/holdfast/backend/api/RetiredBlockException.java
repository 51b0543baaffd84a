package holdfast.backend.api;

/**
 * Thrown when a retired block is used for something that only its successor at the same addresses
 * can do.
 */
public final class RetiredBlockException extends IllegalStateException {
  private static final long serialVersionUID = 1;

  /** Reports that the block of {@code spec} is retired. */
  public RetiredBlockException(RamBlockSpec spec) {
    super("memory backend '" + spec.id() + "': another RAM block has taken this one's place");
  }
}
