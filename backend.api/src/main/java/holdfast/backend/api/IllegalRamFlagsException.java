package holdfast.backend.api;

import java.util.EnumSet;

/** Thrown for a set of {@link RamFlag}s that contradicts itself or its backing. */
public final class IllegalRamFlagsException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  private final EnumSet<RamFlag> flags;
  private final String reason;

  IllegalRamFlagsException(EnumSet<RamFlag> flags, String reason) {
    super(flags + ": " + reason);
    this.flags = EnumSet.copyOf(flags);
    this.reason = reason;
  }

  /** Returns the set that was refused. */
  public EnumSet<RamFlag> flags() {
    return EnumSet.copyOf(flags);
  }

  /** Returns why the set was refused, without the set itself. */
  public String reason() {
    return reason;
  }
}
