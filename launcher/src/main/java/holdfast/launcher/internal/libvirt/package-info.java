/** The memory of a libvirt domain, turned into options. */
@NullMarked
package holdfast.launcher.internal.libvirt;

import org.jspecify.annotations.NullMarked;
