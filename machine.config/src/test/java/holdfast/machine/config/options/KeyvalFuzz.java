package holdfast.machine.config.options;

import holdfast.machine.config.fuzz.FuzzedText;
import java.util.List;

/** Fuzzed: {@code -machine}, once or twice; a line feed stands between two. */
public final class KeyvalFuzz {
  private KeyvalFuzz() {}

  /** Called by the fuzzer. */
  public static void fuzzerTestOneInput(byte[] input) throws OptionException {
    String[] texts = FuzzedText.of(input).split("\n", 2);
    Options merged = new Options(List.of(), false);
    for (String text : texts) {
      Options options;
      try {
        options = Keyval.parse("-machine", text, "type");
      } catch (OptionException e) {
        Refusals.assertIsSentence(e.getMessage());
        return;
      }
      WrittenAgain.assertSameKeyval(options);
      try {
        merged = Keyval.merge("-machine", merged, options);
      } catch (OptionException e) {
        Refusals.assertIsSentence(e.getMessage());
        return;
      }
    }
    WrittenAgain.assertSameKeyval(merged);
    try {
      SampleOptions.MACHINE.check("-machine", merged);
    } catch (OptionException e) {
      Refusals.assertIsSentence(e.getMessage());
    }
  }
}
