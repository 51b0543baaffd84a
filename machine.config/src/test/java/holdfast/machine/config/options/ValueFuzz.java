package holdfast.machine.config.options;

import static org.junit.jupiter.api.Assertions.assertEquals;

import holdfast.machine.config.fuzz.FuzzedText;
import java.util.List;

/** Fuzzed: the text of a value, for properties of every type. */
public final class ValueFuzz {
  private static final List<PropertyType<?>> TYPES =
      List.of(
          PropertyType.size(),
          PropertyType.size(SizeUnit.M),
          PropertyType.integer(Long.MIN_VALUE, Long.MAX_VALUE),
          PropertyType.numbers(127),
          PropertyType.bool(),
          PropertyType.choice(SampleOptions.Policy.class),
          PropertyType.identifier(),
          PropertyType.text());

  private ValueFuzz() {}

  /** Called by the fuzzer. */
  public static void fuzzerTestOneInput(byte[] input) throws OptionException {
    String text = FuzzedText.of(input);
    for (PropertyType<?> type : TYPES) {
      printedAndReadAgain(type, text);
    }
  }

  private static <T> void printedAndReadAgain(PropertyType<T> type, String text)
      throws OptionException {
    T value;
    try {
      value = type.parse(text);
    } catch (OptionException e) {
      Refusals.assertIsSentence(e.getMessage());
      return;
    }
    assertEquals(value, type.parse(type.print(value)), text);
    assertEquals(type.print(value), type.print(type.parse(type.print(value))), text);
  }
}
