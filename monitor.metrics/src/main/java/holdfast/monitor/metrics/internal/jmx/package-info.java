/** MXBeans of regions, devices and swaps in the platform's MBean server. */
@NullMarked
package holdfast.monitor.metrics.internal.jmx;

import org.jspecify.annotations.NullMarked;
