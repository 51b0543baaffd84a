package holdfast.backend.api;

/** Thrown when the object at the path can't back guest memory, or not with this allocator. */
public final class BackingKindException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final String found;

  /**
   * @param found what is at the path, for example {@code a FIFO}
   * @param advice what to do about it, as half a sentence
   */
  public BackingKindException(RamBlockSpec spec, String found, String advice) {
    super(spec, "is " + found + "; " + advice);
    this.found = found;
  }

  /** Returns what is at the path, for example {@code a FIFO}. */
  public String found() {
    return found;
  }
}
