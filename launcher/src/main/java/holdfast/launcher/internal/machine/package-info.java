/**
 * The machine: from configurations to open regions, plugged devices and the guest memory service.
 *
 * <p>Each {@code -object} and {@code -device} is a configuration and a component of its own that
 * only declares it; the machine component waits until everything that its configuration lists has
 * been declared, and then brings all of it up, or nothing.
 */
@NullMarked
package holdfast.launcher.internal.machine;

import org.jspecify.annotations.NullMarked;
