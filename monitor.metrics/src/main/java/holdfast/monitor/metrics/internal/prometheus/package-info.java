/** Metrics in Prometheus' formats, served by HTTP at a loopback address. */
@NullMarked
package holdfast.monitor.metrics.internal.prometheus;

import org.jspecify.annotations.NullMarked;
