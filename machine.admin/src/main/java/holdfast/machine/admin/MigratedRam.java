package holdfast.machine.admin;

import holdfast.backend.api.ByteSize;

/**
 * How much memory was sent or received.
 *
 * @param total the size of all memory that belongs to it
 * @param transferred bytes that went over the channel
 * @param remaining bytes that are known to be still to send; of a receiver, unknown and 0
 * @param normalPages pages of 4 KiB that were sent as they are
 * @param zeroPages pages that were sent as zeros
 * @param rounds how often what was dirty was looked for
 * @param dirtyPagesRate pages a second that writers dirtied during the last round
 * @param bytesPerSecond at which it was sent in the last round
 */
public record MigratedRam(
    ByteSize total,
    ByteSize transferred,
    ByteSize remaining,
    long normalPages,
    long zeroPages,
    int rounds,
    long dirtyPagesRate,
    long bytesPerSecond) {

  /** Nothing yet. */
  public static final MigratedRam NONE =
      new MigratedRam(ByteSize.ZERO, ByteSize.ZERO, ByteSize.ZERO, 0, 0, 0, 0, 0);
}
