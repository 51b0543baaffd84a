/** What the operator is told of a machine: the same facts in text and in JSON. */
@NullMarked
package holdfast.launcher.internal.report;

import org.jspecify.annotations.NullMarked;
