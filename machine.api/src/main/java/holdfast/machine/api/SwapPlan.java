package holdfast.machine.api;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamFlag;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/**
 * What a live swap would do.
 *
 * @param region the region's memory backend
 * @param from its backing now
 * @param to its backing then
 * @param changes the properties that change, such as {@code mem-path: /a/nv.img -> /b/nv.img}
 * @param requestedFlags the flags that the new mapping will ask for; which of them it gets is known
 *     when it is mapped
 * @param granularity the granularity in force now
 * @param requestedGranularity the one that the new mapping will ask for; with {@code
 *     x-durability=require} a swap that doesn't get it is rolled back
 * @param bytes how many bytes are to be copied at least
 * @param free how many bytes are free where the new file is to be; empty if it needs none, or if
 *     that can't be told
 * @param time how long one copy of everything is expected to take, measured with a part of it; for
 *     a target on a disk with a small file in the target's folder, which is deleted at once. What
 *     writers dirty meanwhile comes on top
 * @param basis what {@code time} rests on, as half a sentence; begins with {@code at least:} if it
 *     can only be longer
 * @param tracking how it is known what writers dirty meanwhile, as a sentence
 * @param endsWithProcess whether nothing holds the bytes any more when the process has ended: they
 *     go to memory, or to a file without a name
 * @param pause how long writers are expected to be paused: the limit if dirty pages can be tracked,
 *     the time for all of it if they can't
 */
public record SwapPlan(
    BackendId region,
    String from,
    String to,
    List<String> changes,
    EnumSet<RamFlag> requestedFlags,
    Granularity granularity,
    Granularity requestedGranularity,
    ByteSize bytes,
    Optional<ByteSize> free,
    Duration time,
    String basis,
    String tracking,
    boolean endsWithProcess,
    Duration pause) {
  public SwapPlan {
    changes = List.copyOf(changes);
    requestedFlags = EnumSet.copyOf(requestedFlags);
  }

  /** A copy of the flags that the new mapping will ask for. */
  @Override
  public EnumSet<RamFlag> requestedFlags() {
    return EnumSet.copyOf(requestedFlags);
  }
}
