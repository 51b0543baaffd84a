/**
 * Safe access to small files of the host. {@link holdfast.host.linux.files.FoundFile} opens exactly
 * the file that it examined; {@link holdfast.host.linux.files.HeldFile} is a lock that shows other
 * processes that its holder is alive; {@link holdfast.host.linux.files.PendingFile} is the only way
 * to make or replace a file such that a reader, a crash and a power cut find all of it or nothing;
 * {@link holdfast.host.linux.files.NoteFile} is a record beside a file, and says when it is
 * trusted; {@link holdfast.host.linux.files.SocketFile} is a socket that its owner alone can
 * connect to.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.host.linux.files;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
