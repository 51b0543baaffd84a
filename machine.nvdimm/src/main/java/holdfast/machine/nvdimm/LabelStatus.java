package holdfast.machine.nvdimm;

/** What {@code _LSI}, {@code _LSR} and {@code _LSW} answer first (ACPI 6.4, 6.5.10). */
public enum LabelStatus {
  /** All of it was done. */
  SUCCESS(0),

  /** There is no such device, it has no label area, or that can't be written. */
  FAILURE(1),

  /** The range is not within the label area, or longer than one transfer. */
  INVALID_INPUT(2),

  // 3 says that the label area is locked, which ours never is.

  /** The memory is lost, or could not be made durable. */
  HARDWARE_ERROR(4);

  private final int value;

  LabelStatus(int value) {
    this.value = value;
  }

  /** Returns the number that the method returns. */
  public int value() {
    return value;
  }

  static LabelStatus of(LabelOutcome outcome) {
    return switch (outcome) {
      case DONE -> SUCCESS;
      case OUTSIDE -> INVALID_INPUT;
      case READ_ONLY, GONE -> FAILURE;
      case FAILED -> HARDWARE_ERROR;
    };
  }
}
