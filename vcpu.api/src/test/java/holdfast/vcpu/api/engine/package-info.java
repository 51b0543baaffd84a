@NullMarked
package holdfast.vcpu.api.engine;

import org.jspecify.annotations.NullMarked;
