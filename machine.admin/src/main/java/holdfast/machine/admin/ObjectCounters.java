package holdfast.machine.admin;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.RegionState;

/**
 * What was counted of a memory backend since it was opened. Nothing here asks the host. A re-map or
 * a swap changes none of it, since the memory stays the same one. What is counted while this is
 * read may be in it or not.
 *
 * @param id its id
 * @param hostAddress the host address of its first byte
 * @param size how many bytes it has
 * @param state how it is served
 * @param persists how many persists succeeded, whoever asked for them: the guest, an operator
 * @param persistedBytes how many bytes these made durable; none where nothing does, as in plain
 *     memory
 * @param failedPersists how many persists failed; those among them that were refused because it had
 *     failed before
 * @param failure by what it was found to have failed, if it has
 * @param persistTimes how long persists took that succeeded
 */
public record ObjectCounters(
    String id,
    long hostAddress,
    ByteSize size,
    RegionState state,
    long persists,
    long persistedBytes,
    long failedPersists,
    FailureKind failure,
    PersistTimes persistTimes) {}
