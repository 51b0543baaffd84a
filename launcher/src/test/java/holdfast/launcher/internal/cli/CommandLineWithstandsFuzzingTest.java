package holdfast.launcher.internal.cli;

import holdfast.machine.config.fuzz.Fuzzing;
import java.util.stream.Stream;

/** The parser of the command line. */
class CommandLineWithstandsFuzzingTest extends Fuzzing {
  static Stream<Class<?>> targets() {
    return Stream.of(CommandLineFuzz.class);
  }
}
