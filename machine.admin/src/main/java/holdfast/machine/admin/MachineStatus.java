package holdfast.machine.admin;

/**
 * The state of a machine, and why it is in it.
 *
 * @param phase how far its life is
 * @param reason why it isn't up, as a sentence; empty if it is, or if there is nothing to add
 * @param stopped whether its guest writers are stopped, by {@link MachineAdmin#stop} or since the
 *     guest is not here
 * @param ownership whether the guest is here
 */
public record MachineStatus(Phase phase, String reason, boolean stopped, Ownership ownership) {

  /**
   * @param stopped whether the guest writers are stopped; the guest is here
   */
  public MachineStatus(Phase phase, String reason, boolean stopped) {
    this(phase, reason, stopped, Ownership.OWNER);
  }

  /** The phases of a machine's life. */
  public enum Phase {
    /** Nothing describes a machine. */
    UNCONFIGURED,
    /** Something that its configuration lists is not configured. */
    INCOMPLETE,
    /** An allocator is missing that may still come. */
    WAITING,
    /** It is being brought up. */
    STARTING,
    /** All of it is up. */
    UP,
    /** It can't be brought up as it is configured. */
    FAILED,
    /** It has ended. */
    ENDED
  }

  /** Returns the status of a machine that is up. */
  public static MachineStatus up(boolean stopped) {
    return new MachineStatus(Phase.UP, "", stopped);
  }

  /** Returns the status of a machine that is up. */
  public static MachineStatus up(boolean stopped, Ownership ownership) {
    return new MachineStatus(Phase.UP, "", stopped, ownership);
  }

  /** Returns this status as a sentence for an operator, without a full stop. */
  public String sentence() {
    return switch (phase) {
      case UNCONFIGURED -> "no machine is configured: " + reason;
      case INCOMPLETE, WAITING -> "the machine is not up yet: " + reason;
      case STARTING -> "the machine is just coming up" + (reason.isEmpty() ? "" : ": " + reason);
      case UP ->
          switch (ownership) {
            case OWNER ->
                stopped ? "the machine is up; its guest writers are stopped" : "the machine is up";
            case AWAITED -> "the machine is up, and waits for its guest";
            case LEAVING -> "the machine is up; its guest is just moving to another machine";
            case MOVED -> "the machine is up; its guest has left for another machine";
            case UNDECIDED ->
                "the machine is up; whether its guest is here has to be decided, and its guest"
                    + " writers are stopped";
          };
      case FAILED -> "the machine is not up: " + reason;
      case ENDED -> "the machine has ended";
    };
  }
}
