/**
 * The Linux host as Holdfast sees it: its system calls, its constants, what it tells of files and
 * file systems, and what its errors mean to people. Nothing here knows of guest memory's types.
 *
 * <p>Reading order: {@link holdfast.host.linux.Libc} (every system call there is), {@link
 * holdfast.host.linux.HostLibc} (the real one), {@link holdfast.host.linux.KernelConstants} (the
 * numbers that it takes, on each architecture), {@link holdfast.host.linux.Errno} and {@link
 * holdfast.host.linux.ErrnoException} (how a call fails), {@link holdfast.host.linux.Remedy} (what
 * to do about that), {@link holdfast.host.linux.FileStatus} and {@link
 * holdfast.host.linux.FileSystemStatus} (what a file is, and what it is on).
 *
 * <p>{@link holdfast.host.linux.files} looks at, holds and replaces small files.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.host.linux;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
