package holdfast.backend.api;

/**
 * How durable a persisted range of a block is: the requested and the obtained granularity, why they
 * differ, and the evidence. The API, the command line and the shell all show this record.
 *
 * @param requested what the block asks for: cache-line for RAM_SHARED with RAM_PMEM, page for
 *     RAM_SHARED alone, else none; also none with RAM_READONLY, with the policy {@code off}, and
 *     for memory without a file
 * @param obtained what {@link RamBlock#persist} provides on this mapping
 * @param reason one sentence that says why {@code obtained} is what it is
 * @param evidence the observations that {@code obtained} rests on
 */
public record Durability(
    Granularity requested, Granularity obtained, String reason, Evidence evidence) {

  /** Returns whether {@code other} asks for and obtains the same, for the same reason. */
  public boolean isLike(Durability other) {
    return requested == other.requested
        && obtained == other.obtained
        && reason.equals(other.reason);
  }

  /** Returns whether less was obtained than requested. */
  public boolean isShortfall() {
    return obtained.compareTo(requested) < 0;
  }
}
