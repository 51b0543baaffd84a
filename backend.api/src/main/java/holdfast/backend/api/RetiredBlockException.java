package holdfast.backend.api;

/** A block was used for what only its successor at the same addresses can do. */
public final class RetiredBlockException extends IllegalStateException {
  private static final long serialVersionUID = 1;

  /** The block of {@code spec} was retired. */
  public RetiredBlockException(RamBlockSpec spec) {
    super("memory backend '" + spec.id() + "': another RAM block has taken this one's place");
  }
}
