/**
 * Guest CPUs on Unicorn: its library ({@link holdfast.vcpu.unicorn.internal.UnicornLibrary}), one
 * engine ({@link holdfast.vcpu.unicorn.internal.UnicornEngine}), what it calls, and what keeps lost
 * pages from ending the JVM ({@link holdfast.vcpu.unicorn.internal.FaultGuard}).
 */
@NullMarked
package holdfast.vcpu.unicorn.internal;

import org.jspecify.annotations.NullMarked;
