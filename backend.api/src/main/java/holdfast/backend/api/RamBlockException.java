package holdfast.backend.api;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Thrown when a block can't be made, kept, tracked or persisted; each cause has its own subtype.
 * The message is one sentence that names the memory backend, its file, what was requested, what was
 * obtained and what to do.
 */
@ProviderType
public abstract sealed class RamBlockException extends HoldfastException
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

  /** Returns the requested size, and the offset in the file unless it is 0. */
  static String range(RamBlockSpec spec) {
    return "size="
        + spec.size()
        + (spec.offset().bytes() == 0 ? "" : " from offset=" + spec.offset());
  }

  /** Returns the request that failed. */
  public RamBlockSpec spec() {
    return spec;
  }
}
