@NullMarked
package holdfast.examples.emulator;

import org.jspecify.annotations.NullMarked;
