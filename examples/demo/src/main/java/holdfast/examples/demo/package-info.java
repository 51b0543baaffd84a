/**
 * The smallest emulator: {@link holdfast.examples.demo.Guest} stores into guest memory all the
 * time, {@link holdfast.examples.demo.Demo} exchanges what provides that memory meanwhile. It uses
 * nothing but what Holdfast's bundles export.
 */
@NullMarked
package holdfast.examples.demo;

import org.jspecify.annotations.NullMarked;
