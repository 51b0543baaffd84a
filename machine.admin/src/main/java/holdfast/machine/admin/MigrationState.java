package holdfast.machine.admin;

/** How far a migration is. The labels are QEMU's words where QEMU has one. */
public enum MigrationState {
  /** There was none. */
  NONE("none"),
  /** The peers are agreeing on what is sent. */
  SETUP("setup"),
  /** Memory is being sent while the guest runs. */
  ACTIVE("active"),
  /** The guest writers are stopped, and the rest is being sent. */
  DEVICE("device"),
  /** It was cancelled, and is being rolled back. */
  CANCELLING("cancelling"),
  /** It was cancelled. The guest is where it was. */
  CANCELLED("cancelled"),
  /** It is done: the guest is at the destination. */
  COMPLETED("completed"),
  /** It failed. The guest is where it was. */
  FAILED("failed"),
  /**
   * The peers lost each other at the very moment of the change of owner: the guest is stopped on
   * both sides, until somebody says where it goes on.
   */
  UNDECIDED("x-holdfast-undecided");

  private final String label;

  MigrationState(String label) {
    this.label = label;
  }

  /** Returns the word for it. */
  public String label() {
    return label;
  }

  /** Returns whether it has begun and not ended. */
  public boolean isUnderWay() {
    return switch (this) {
      case SETUP, ACTIVE, DEVICE, CANCELLING -> true;
      case NONE, CANCELLED, COMPLETED, FAILED, UNDECIDED -> false;
    };
  }
}
