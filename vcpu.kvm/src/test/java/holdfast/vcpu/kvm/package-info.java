@NullMarked
package holdfast.vcpu.kvm;

import org.jspecify.annotations.NullMarked;
