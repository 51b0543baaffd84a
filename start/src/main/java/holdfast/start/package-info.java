/**
 * The first steps of the executable jar, before there is a framework: a private folder, the bundles
 * in it, the framework, and an orderly end. On the class path, not a bundle.
 */
@NullMarked
package holdfast.start;

import org.jspecify.annotations.NullMarked;
