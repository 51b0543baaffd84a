/** Reports on a machine for the operator: the same facts in text and in JSON. */
@NullMarked
package holdfast.launcher.internal.report;

import org.jspecify.annotations.NullMarked;
