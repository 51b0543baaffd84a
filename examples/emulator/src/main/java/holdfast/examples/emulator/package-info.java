/**
 * Complete little machines to begin with, each in one file: {@link
 * holdfast.examples.emulator.KvmEmulator}.
 */
@NullMarked
package holdfast.examples.emulator;

import org.jspecify.annotations.NullMarked;
