/**
 * The host's small files, looked at, held and replaced with care. {@link
 * holdfast.host.linux.files.FoundFile} opens what it has looked at and nothing else; {@link
 * holdfast.host.linux.files.HeldFile} is a lock that tells other processes that its holder lives;
 * {@link holdfast.host.linux.files.PendingFile} is the one way to make or replace a file so that a
 * reader, a crash and a power cut meet all of it or nothing.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.host.linux.files;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
