/**
 * Guest CPUs that Unicorn emulates on a machine's guest memory: x86-64, ARM64 and RISC-V 64, on
 * hosts where there is no KVM, or none for the guest's architecture.
 *
 * <p>{@link holdfast.vcpu.unicorn.UnicornVcpu#open} makes one; from there on it is a {@link
 * holdfast.vcpu.api.Vcpu} as any other. Unicorn itself is the operator's to install (Debian: {@code
 * libunicorn2}): it is GPL-2, and no part of Holdfast. Another file than {@code libunicorn.so.2} is
 * named by the system property {@code holdfast.unicorn.library}.
 */
@Export
@NullMarked
@Version("0.1.0")
package holdfast.vcpu.unicorn;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
