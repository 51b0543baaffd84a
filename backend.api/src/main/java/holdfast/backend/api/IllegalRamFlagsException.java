package holdfast.backend.api;

import java.util.EnumSet;

/** A set of {@link RamFlag}s that contradicts itself or the backing it is meant for. */
public final class IllegalRamFlagsException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  private final EnumSet<RamFlag> flags;
  private final String reason;

  IllegalRamFlagsException(EnumSet<RamFlag> flags, String reason) {
    super(flags + ": " + reason);
    this.flags = EnumSet.copyOf(flags);
    this.reason = reason;
  }

  /** The set that was refused. */
  public EnumSet<RamFlag> flags() {
    return EnumSet.copyOf(flags);
  }

  /** Why it was refused, without the set. */
  public String reason() {
    return reason;
  }
}
