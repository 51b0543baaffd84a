/**
 * QEMU's migration stream, as far as it is about RAM: written so that a QEMU takes it in, and read
 * from a QEMU up to the state of its devices. All numbers are big-endian.
 *
 * <p>Reading order: {@link holdfast.machine.migration.internal.stream.RamStreamFormat} (what bytes
 * there are), {@link holdfast.machine.migration.internal.stream.RamBlockEntry} (what is sent),
 * {@link holdfast.machine.migration.internal.stream.RamStreamWriter}, {@link
 * holdfast.machine.migration.internal.stream.RamStreamReader}, {@link
 * holdfast.machine.migration.internal.stream.RamSink} (where it goes) and {@link
 * holdfast.machine.migration.internal.stream.SegmentSink} (memory).
 *
 * <p>Seen with QEMU 7.2. Channels are in blocking mode; a wait for the peer is ended by closing
 * them.
 */
@NullMarked
package holdfast.machine.migration.internal.stream;

import org.jspecify.annotations.NullMarked;
