package holdfast.machine.config.options;

import holdfast.machine.config.fuzz.FuzzedText;

/** Fuzzed: {@code -object} and {@code -device} in JSON. */
public final class JsonOptionFuzz {
  private JsonOptionFuzz() {}

  /** Called by the fuzzer. */
  public static void fuzzerTestOneInput(byte[] input) throws OptionException {
    String text = '{' + FuzzedText.of(input);
    try {
      JsonOptions.parse("-object", text);
    } catch (OptionException e) {
      Refusals.assertIsSentence(e.getMessage());
    }
    OptionResult result;
    try {
      result = SampleOptions.OBJECT.parse(text);
    } catch (OptionException e) {
      Refusals.assertIsSentence(e.getMessage());
      return;
    }
    if (result instanceof ParsedObject object) {
      WrittenAgain.assertSame(SampleOptions.OBJECT, object);
    }
  }
}
