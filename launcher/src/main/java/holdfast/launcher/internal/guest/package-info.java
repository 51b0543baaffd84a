/**
 * The guest's memory: where base RAM and plugged devices stand, and access to them.
 *
 * <p>Reading order: {@link holdfast.launcher.internal.guest.MachineType} and {@link
 * holdfast.launcher.internal.guest.MachineMemory} (what {@code -machine} and {@code -m} say),
 * {@link holdfast.launcher.internal.guest.DeviceRequest} (what {@code -device} asks for), {@link
 * holdfast.launcher.internal.guest.DeviceGeometry} and {@link
 * holdfast.launcher.internal.guest.MemoryBoard} (the rules by which it gets a place or is refused),
 * {@link holdfast.launcher.internal.guest.GuestDevice}, {@link
 * holdfast.launcher.internal.guest.GuestMap} and {@link
 * holdfast.launcher.internal.guest.FlatGuestMemory} (the memory that comes of it).
 */
@NullMarked
package holdfast.launcher.internal.guest;

import org.jspecify.annotations.NullMarked;
