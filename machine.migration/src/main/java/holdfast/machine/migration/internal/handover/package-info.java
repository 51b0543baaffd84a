/**
 * Hands the open files of a machine's memory to another process of the same host, so that nothing
 * of them is copied: descriptors go over a UNIX socket (unix(7), SCM_RIGHTS) with the locks on
 * them. The migration itself follows, as any other does.
 */
@NullMarked
package holdfast.machine.migration.internal.handover;

import org.jspecify.annotations.NullMarked;
