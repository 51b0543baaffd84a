/**
 * The first steps of the executable jar, before there is a framework: creates a private folder,
 * puts the bundles into it, runs the framework, and ends it in order. On the class path, not a
 * bundle.
 */
@NullMarked
package holdfast.start;

import org.jspecify.annotations.NullMarked;
