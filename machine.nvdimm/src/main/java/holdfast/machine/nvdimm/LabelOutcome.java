package holdfast.machine.nvdimm;

/** How an access to a label area ended. */
public enum LabelOutcome {
  /** All of it was done; what was written is as durable as the backend can make it. */
  DONE,

  /** The range is not within the label area. Nothing was done. */
  OUTSIDE,

  /** The device can't be written. Nothing was done. */
  READ_ONLY,

  /**
   * The host can't provide the memory, or could not make durable what was written. The area may
   * have the old bytes, the new ones, or some of both.
   */
  FAILED,

  /**
   * The device was removed, or the machine has ended. Nothing was done, unless that happened during
   * a write: then the area may have its bytes, but gets none later.
   */
  GONE
}
