/** The operator's service of the machine that configurations describe. */
@NullMarked
package holdfast.launcher.internal.admin;

import org.jspecify.annotations.NullMarked;
