package holdfast.backend.api;

/**
 * Why a block can't be had, kept or persisted: one subtype per cause. The message is one sentence
 * that names the memory backend, its file, what was asked for, what was obtained and what to do.
 */
public abstract sealed class RamBlockException extends Exception
    permits BackingKindException,
        BackingLockedException,
        BackingOpenException,
        BackingSizeException,
        BackingSpaceException,
        BlockAlignmentException,
        BlockOffsetException,
        BlockSizeException,
        DurabilityException,
        MappingException,
        NumaBindingException,
        PersistException,
        PreallocationException,
        RemapRefusedException,
        ReservationException,
        TrackingLostException,
        TrackingRefusedException {
  private static final long serialVersionUID = 1;

  private final transient RamBlockSpec spec;

  RamBlockException(RamBlockSpec spec, String what) {
    super("memory backend '" + spec.id() + "' on " + spec.backing() + ": " + what);
    this.spec = spec;
  }

  /** The size that was asked for, and from where in the file if not from its beginning. */
  static String range(RamBlockSpec spec) {
    return "size="
        + spec.size()
        + (spec.offset().bytes() == 0 ? "" : " from offset=" + spec.offset());
  }

  /** The question that failed. */
  public RamBlockSpec spec() {
    return spec;
  }
}
