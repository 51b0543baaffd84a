package holdfast.machine.swap;

import holdfast.backend.api.RamBlockSpec;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.core.Candidate;

/**
 * The target of a swap.
 *
 * @param object the type of memory backend and its properties
 * @param spec the block that they ask for
 * @param maker the allocator that makes it
 * @param plan the plan that is shown
 */
record SwapTarget(ParsedObject object, RamBlockSpec spec, Candidate maker, SwapPlan plan) {}
