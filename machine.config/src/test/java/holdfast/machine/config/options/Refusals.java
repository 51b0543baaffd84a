package holdfast.machine.config.options;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.function.Executable;

/** Reads what a refusal says. */
public final class Refusals {
  private static final int LONGEST_SENTENCE = 1000;

  private Refusals() {}

  /** The sentence with which {@code reading} is refused, once it is seen to be one. */
  static String sentenceOf(Executable reading) {
    String sentence = assertThrows(OptionException.class, reading).getMessage();
    assertIsSentence(sentence);
    return sentence;
  }

  /** One line that can be shown on any terminal, and that is not endless. */
  public static void assertIsSentence(String sentence) {
    assertTrue(!sentence.isBlank() && sentence.length() <= LONGEST_SENTENCE, sentence);
    assertTrue(sentence.codePoints().noneMatch(Refusals::isUnprintable), sentence);
  }

  private static boolean isUnprintable(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      default -> false;
    };
  }
}
