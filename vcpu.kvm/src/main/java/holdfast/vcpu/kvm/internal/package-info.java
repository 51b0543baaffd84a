/** How a vCPU and its memory are told to KVM. */
@NullMarked
package holdfast.vcpu.kvm.internal;

import org.jspecify.annotations.NullMarked;
