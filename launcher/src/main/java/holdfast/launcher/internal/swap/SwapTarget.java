package holdfast.launcher.internal.swap;

import holdfast.backend.api.RamBlockSpec;
import holdfast.launcher.internal.options.ParsedObject;
import holdfast.launcher.internal.region.Candidate;
import holdfast.machine.api.SwapPlan;

/**
 * Where a region's bytes are to go.
 *
 * @param object the type of memory backend and its properties
 * @param spec the block that they ask for
 * @param maker the allocator that makes it
 * @param plan what is told of it
 */
record SwapTarget(
    ParsedObject object, RamBlockSpec spec, Candidate maker, SwapPlan plan) {}
