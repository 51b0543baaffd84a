package holdfast.backend.api;

/** What stands at the path is nothing that can back guest memory, or not with this allocator. */
public final class BackingKindException extends RamBlockException {
  private static final long serialVersionUID = 1;

  private final String found;

  /**
   * @param found what stands there, for example {@code a FIFO}
   * @param advice what to do about it, as half a sentence
   */
  public BackingKindException(RamBlockSpec spec, String found, String advice) {
    super(spec, "is " + found + "; " + advice);
    this.found = found;
  }

  /** What stands there. */
  public String found() {
    return found;
  }
}
