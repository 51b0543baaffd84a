/**
 * The machine: from configurations to open regions, plugged devices and the guest memory service.
 *
 * <p>Each {@code -object} and {@code -device} is a configuration, which only declares it; the
 * machine component waits until everything that the machine's configuration lists has been
 * declared, and then brings up the whole machine, or nothing.
 */
@NullMarked
package holdfast.launcher.internal.machine;

import org.jspecify.annotations.NullMarked;
