package holdfast.vcpu.unicorn.internal;

import holdfast.machine.api.GuestAddress;

/**
 * An access that no memory of the engine's served; it was not made.
 *
 * @param width bytes, from 1 to 8
 * @param value what would have been stored
 */
record Refusal(GuestAddress address, int width, boolean store, long value) {}
