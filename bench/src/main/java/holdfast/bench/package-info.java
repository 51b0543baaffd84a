/**
 * Measurements, each beside rivals that do the same on the same machine in the same run. What is
 * slow is told here, not refused. {@code bench/run} starts {@link holdfast.bench.Measurements},
 * which runs parts; these find figures, of which {@code Report} makes the page and the picture.
 */
@NullMarked
package holdfast.bench;

import org.jspecify.annotations.NullMarked;
