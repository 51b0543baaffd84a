package holdfast.machine.config.options;

import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.DeviceDefinitions;
import holdfast.machine.config.fuzz.FuzzedText;
import java.util.List;

/** Fuzzed: {@code -object} and {@code -device}, up to the objects that they ask for. */
public final class ObjectOptionFuzz {
  private static final List<TypedOption> OPTIONS =
      List.of(
          SampleOptions.OBJECT,
          SampleOptions.DEVICE,
          BackendDefinitions.OPTION,
          DeviceDefinitions.OPTION);

  private ObjectOptionFuzz() {}

  /** Called by the fuzzer. */
  public static void fuzzerTestOneInput(byte[] input) throws OptionException {
    String text = FuzzedText.of(input);
    WrittenAgain.assertSameOpts(QemuOpts.parse(text));
    WrittenAgain.assertSameOpts(QemuOpts.parse(text, "qom-type"));
    for (TypedOption option : OPTIONS) {
      OptionResult result;
      try {
        result = option.parse(text);
      } catch (OptionException e) {
        Refusals.assertIsSentence(e.getMessage());
        continue;
      }
      if (result instanceof ParsedObject object) {
        WrittenAgain.assertSame(option, object);
      }
    }
  }
}
