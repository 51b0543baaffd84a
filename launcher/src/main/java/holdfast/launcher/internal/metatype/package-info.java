/**
 * The configurations of the launcher, described for the OSGi Metatype Service by what they are read
 * with, so that what a tool shows and what is accepted can't differ.
 */
@NullMarked
package holdfast.launcher.internal.metatype;

import org.jspecify.annotations.NullMarked;
