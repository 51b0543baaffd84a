/**
 * The descriptions of the launcher's configurations for the OSGi Metatype Service. They are made
 * from the definitions by which configurations are read, so that what a tool shows and what is
 * accepted can't differ.
 */
@NullMarked
package holdfast.launcher.internal.metatype;

import org.jspecify.annotations.NullMarked;
