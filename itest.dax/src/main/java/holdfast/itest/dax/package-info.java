/**
 * A guest at work in persistent memory, for tests in which the power is cut: {@link
 * holdfast.itest.dax.GuestWriter} stores {@link holdfast.itest.dax.GuestRecord}s through guest
 * memory, and {@link holdfast.itest.dax.RecordReader} looks for them in the files afterwards.
 */
@NullMarked
package holdfast.itest.dax;

import org.jspecify.annotations.NullMarked;
