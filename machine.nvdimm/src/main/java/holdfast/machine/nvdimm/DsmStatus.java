package holdfast.machine.nvdimm;

/**
 * What a {@code _DSM} function answers first. The first four are those of QEMU; all are in the
 * "NVDIMM DSM Interface" (Intel, revision 1.8), table of generic status codes, as in {@code
 * ndctl}'s {@code firmware-update.h}.
 */
enum DsmStatus {
  SUCCESS(0),

  /** The function is not supported: nobody knows it, or the device can't be written. */
  NOT_SUPPORTED(1),

  NO_DEVICE(2),

  INVALID(3),

  /** The memory is lost, or could not be made durable. QEMU has no such answer. */
  HARDWARE_ERROR(4),

  /** The tables' owner failed. */
  UNKNOWN(6);

  private final int value;

  DsmStatus(int value) {
    this.value = value;
  }

  /** Returns the number in the answer. */
  int value() {
    return value;
  }

  /** Returns the status for an access to a label area. */
  static DsmStatus of(LabelOutcome outcome) {
    return switch (outcome) {
      case DONE -> SUCCESS;
      case OUTSIDE -> INVALID;
      case READ_ONLY -> NOT_SUPPORTED;
      case FAILED -> HARDWARE_ERROR;
      case GONE -> NO_DEVICE;
    };
  }
}
