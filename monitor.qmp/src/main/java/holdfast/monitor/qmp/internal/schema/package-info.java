/** What commands and events take and return, and how clients ask for it. */
@NullMarked
package holdfast.monitor.qmp.internal.schema;

import org.jspecify.annotations.NullMarked;
