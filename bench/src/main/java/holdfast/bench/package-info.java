/**
 * Measurements, each beside a C program that does the same on the same machine in the same run.
 * Nothing here is a test: what is slow is told, not refused. {@code bench/run} starts them.
 */
@NullMarked
package holdfast.bench;

import org.jspecify.annotations.NullMarked;
