/**
 * The ways by which a migration's stream leaves a machine and comes in: sockets, with TLS or
 * without, and files. {@link holdfast.machine.migration.internal.channel.PeerChannel} connects,
 * {@link holdfast.machine.migration.internal.channel.Listening} is connected to, {@link
 * holdfast.machine.migration.internal.channel.SnapshotFile} is written and read.
 */
@NullMarked
package holdfast.machine.migration.internal.channel;

import org.jspecify.annotations.NullMarked;
