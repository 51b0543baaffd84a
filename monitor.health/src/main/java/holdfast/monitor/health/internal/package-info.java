/**
 * The state of a machine as Felix Health Checks: whether it is up, whether each region serves and
 * is as durable as was asked for, whether there is room for sparse files, and whether a swap is
 * stuck. Looks alone, through the operator's service, and changes nothing.
 */
@NullMarked
package holdfast.monitor.health.internal;

import org.jspecify.annotations.NullMarked;
