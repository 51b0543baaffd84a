/**
 * The kernel's constants. {@code cnf/update-linux-headers} generates one class per family of
 * architectures from the headers that Debian packages.
 */
@NullMarked
package holdfast.host.linux.internal.linux;

import org.jspecify.annotations.NullMarked;
