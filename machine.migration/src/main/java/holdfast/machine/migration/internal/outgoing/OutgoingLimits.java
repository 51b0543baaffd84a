package holdfast.machine.migration.internal.outgoing;

import holdfast.backend.api.ByteSize;
import java.time.Duration;

/**
 * What sending RAM may cost.
 *
 * @param downtime writers are stopped only when sending the rest is expected to take no longer than
 *     this: QEMU's {@code downtime-limit}
 * @param bandwidth how many bytes a second are sent before the stop; {@link ByteSize#ZERO} for no
 *     limit, as of QEMU's {@code max-bandwidth}
 * @param pause how long the writers together may take to stop, and each of them for a call of its
 *     log
 * @param rest how long sending the rest may really take; then the writers go on, and the migration
 *     has failed: a receiver that doesn't read must not keep a guest stopped
 */
record OutgoingLimits(Duration downtime, ByteSize bandwidth, Duration pause, Duration rest) {
  /** QEMU's 300 ms, unthrottled, 1 s to stop, 10 s for the rest. */
  static final OutgoingLimits DEFAULT =
      new OutgoingLimits(
          Duration.ofMillis(300), ByteSize.ZERO, Duration.ofSeconds(1), Duration.ofSeconds(10));
}
