/** The service of live swaps, and its connection to the machine that is up. */
@NullMarked
package holdfast.launcher.internal.swap;

import org.jspecify.annotations.NullMarked;
