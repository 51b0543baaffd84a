/**
 * The guest's memory: the places of base RAM and plugged devices, and access to them.
 *
 * <p>Reading order: {@link holdfast.machine.core.internal.guest.DeviceRequest} (what a device asks
 * for), {@link holdfast.machine.core.internal.guest.DeviceGeometry} and {@link
 * holdfast.machine.core.internal.guest.DevicePlacer} (the rules by which it gets a place or is
 * refused), {@link holdfast.machine.core.internal.guest.GuestDevice}, {@link
 * holdfast.machine.core.internal.guest.GuestMap} and {@link
 * holdfast.machine.core.internal.guest.GuestAccess} (the resulting memory, as it is at one moment),
 * {@link holdfast.machine.core.internal.guest.FlatGuestMemory} (its changes and their listeners).
 */
@NullMarked
package holdfast.machine.core.internal.guest;

import org.jspecify.annotations.NullMarked;
