/**
 * The command {@code ./holdfast ctl}: a client of a running machine's QMP monitor, without a
 * framework. The machine runs the commands and says what is shown; whatever it says is shown with
 * escapes for what a terminal would obey.
 */
@NullMarked
package holdfast.ctl;

import org.jspecify.annotations.NullMarked;
