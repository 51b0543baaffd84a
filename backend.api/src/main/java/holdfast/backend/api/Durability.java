package holdfast.backend.api;

/**
 * How durable a persisted range of a block is: what was asked for, what is in force, why they
 * differ, and what that rests on. The API, the command line and the shell all show this record.
 *
 * @param requested what the block asks for: cache-line for RAM_SHARED and RAM_PMEM, page for
 *     RAM_SHARED alone, else none; none too with RAM_READONLY, and with the policy {@code off}
 * @param obtained what {@link RamBlock#persist} gives on this mapping
 * @param reason one sentence: why {@code obtained} is what it is
 * @param evidence what was seen
 */
public record Durability(
    Granularity requested, Granularity obtained, String reason, Evidence evidence) {

  /** Whether less was obtained than was asked for. */
  public boolean isShortfall() {
    return obtained.compareTo(requested) < 0;
  }
}
