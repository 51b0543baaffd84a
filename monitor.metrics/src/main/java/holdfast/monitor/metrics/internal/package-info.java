/**
 * What is counted of a machine, for whoever watches many. Reads alone, through the operator's
 * service, and changes nothing. {@code jmx} and {@code prometheus} show what is here.
 */
@NullMarked
package holdfast.monitor.metrics.internal;

import org.jspecify.annotations.NullMarked;
