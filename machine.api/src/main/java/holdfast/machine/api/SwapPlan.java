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
 * @param from its present backing
 * @param to its backing after the swap
 * @param changes the properties that change, such as {@code mem-path: /a/nv.img -> /b/nv.img}
 * @param requestedFlags the flags that the new mapping will ask for; which of them it gets is known
 *     when it is mapped
 * @param granularity the granularity in force now
 * @param requestedGranularity the granularity that the new mapping will ask for; with {@code
 *     x-durability=require} a swap that doesn't get it is rolled back
 * @param bytes the least number of bytes to copy
 * @param free how many bytes are free where the new file is to be; empty if it needs none, or if
 *     that is not known
 * @param time how long one copy of everything is expected to take, measured with a part of it; for
 *     a target on a disk, with a small file in the target's folder that is deleted at once. Pages
 *     that writers dirty meanwhile take additional time
 * @param basis the basis of {@code time}, as half a sentence; begins with {@code at least:} if it
 *     can only be longer
 * @param tracking how the pages that writers dirty meanwhile are found, as a sentence
 * @param endsWithProcess whether the bytes are lost when the process ends: they go to memory, or to
 *     a file without a name
 * @param pause how long writers are expected to be paused: the limit if dirty pages can be tracked,
 *     otherwise the time to copy everything
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

  /** Returns a copy of the flags that the new mapping will ask for. */
  @Override
  public EnumSet<RamFlag> requestedFlags() {
    return EnumSet.copyOf(requestedFlags);
  }
}
