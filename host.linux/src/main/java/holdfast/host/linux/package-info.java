/**
 * The Linux host: its system calls and their constants, what it reports about files and file
 * systems, and what its errors mean to people. Nothing here depends on the types of guest memory.
 *
 * <p>Reading order: {@link holdfast.host.linux.Libc} (all system calls in use), {@link
 * holdfast.host.linux.HostLibc} (the real implementation), {@link
 * holdfast.host.linux.KernelConstants} (the numbers that the calls take, on each architecture),
 * {@link holdfast.host.linux.Errno} and {@link holdfast.host.linux.ErrnoException} (how a call
 * fails), {@link holdfast.host.linux.Remedy} (what to do about a failure), {@link
 * holdfast.host.linux.FileStatus} and {@link holdfast.host.linux.FileSystemStatus} (a file, and the
 * file system that it is on).
 *
 * <p>{@link holdfast.host.linux.files} examines, locks and replaces small files.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.host.linux;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
