/**
 * Complete little machines to begin with, each in one file: {@link
 * holdfast.examples.emulator.KvmEmulator}, {@link holdfast.examples.emulator.UnicornEmulator}.
 */
@NullMarked
package holdfast.examples.emulator;

import org.jspecify.annotations.NullMarked;
