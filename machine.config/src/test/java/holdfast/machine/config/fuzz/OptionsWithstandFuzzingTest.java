package holdfast.machine.config.fuzz;

import holdfast.machine.config.options.JsonOptionFuzz;
import holdfast.machine.config.options.KeyvalFuzz;
import holdfast.machine.config.options.ObjectOptionFuzz;
import holdfast.machine.config.options.ValueFuzz;
import java.util.stream.Stream;

/** The option parsers. */
class OptionsWithstandFuzzingTest extends Fuzzing {
  static Stream<Class<?>> targets() {
    return Stream.of(
        ObjectOptionFuzz.class, JsonOptionFuzz.class, KeyvalFuzz.class, ValueFuzz.class);
  }
}
