package holdfast.machine.swap.internal.journal;

import holdfast.backend.api.BackendId;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * The identity of a swap: the same in all its notes, and different from that of any other swap.
 *
 * @param region whose bytes are swapped
 * @param from the file or device that they are in; empty for memory
 * @param to where they go; empty for memory
 * @param started distinguishes it from other swaps between the same files
 */
record SwapId(BackendId region, Optional<Path> from, Optional<Path> to, Instant started) {}
