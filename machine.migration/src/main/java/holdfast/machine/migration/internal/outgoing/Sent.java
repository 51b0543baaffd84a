package holdfast.machine.migration.internal.outgoing;

import holdfast.machine.migration.internal.stream.PageCount;
import java.time.Duration;

/**
 * What was sent.
 *
 * @param pages of the whole stream
 * @param rounds how often what was dirty was sent, the last time among them: QEMU's {@code
 *     dirty-sync-count}
 * @param downtime from before the writers were asked to stop until all was handed over
 * @param time from the first byte to the last
 */
record Sent(PageCount pages, int rounds, Duration downtime, Duration time) {}
