package holdfast.launcher.internal.cli;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import holdfast.backend.api.HoldfastException;
import holdfast.machine.config.fuzz.FuzzedText;
import holdfast.machine.config.options.Refusals;
import java.util.List;

/** Fuzzed: all arguments of the command; a line feed stands between two. */
public final class CommandLineFuzz {
  private CommandLineFuzz() {}

  /** Called by the fuzzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    endsInAResultOrOneSentence(List.of(FuzzedText.of(input).split("\n", -1)));
  }

  static void endsInAResultOrOneSentence(List<String> arguments) {
    try {
      switch (CommandLine.parse(arguments)) {
        case CommandLine.Print(String text) -> assertFalse(text.isBlank());
        case CommandLine.Version() -> {}
        case CommandLine.Start(MachineRequest request, var pidFile, var daemonize, var after) -> {
          assertNotNull(request.machine());
          assertNotNull(after);
        }
      }
    } catch (HoldfastException e) {
      Refusals.assertIsSentence(e.getMessage());
    }
  }
}
