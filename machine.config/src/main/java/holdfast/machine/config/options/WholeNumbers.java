package holdfast.machine.config.options;

import java.math.BigInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads whole numbers as C does: decimal, hexadecimal after {@code 0x}, octal after {@code 0}, with
 * blanks and a sign allowed before them.
 */
final class WholeNumbers {
  private static final Pattern NUMBER =
      Pattern.compile(
          "[ \\t\\n\\x0B\\f\\r]*+(?<sign>[+-]?+)"
              + "(?:0[xX](?<hex>[0-9a-fA-F]++)|0(?<octal>[0-7]*+)|(?<decimal>[1-9][0-9]*+))");

  /** More digits than any accepted number has. */
  private static final int MANY_DIGITS = 100;

  private WholeNumbers() {}

  /**
   * Parses a whole number.
   *
   * @throws OptionException if {@code text} is not a whole number; the sentence begins with {@code
   *     text}
   */
  static BigInteger parse(String text) throws OptionException {
    Matcher number = NUMBER.matcher(text);
    if (!number.matches()) {
      throw new OptionException(
          Excerpt.of(text)
              + " is not a whole number: write it in decimal, or in hexadecimal after 0x");
    }
    BigInteger magnitude = magnitude(number);
    return number.group("sign").equals("-") ? magnitude.negate() : magnitude;
  }

  private static BigInteger magnitude(Matcher number) {
    String hex = number.group("hex");
    if (hex != null) {
      return ofDigits(hex, 16);
    }
    String octal = number.group("octal");
    return octal != null ? ofDigits(octal, 8) : ofDigits(number.group("decimal"), 10);
  }

  /**
   * Returns the number written as {@code digits}, 0 for none. For a number beyond any bound only
   * the first digits are read, since the time to read a number grows with the square of the digits'
   * count; the result is beyond any bound as well.
   */
  static BigInteger ofDigits(String digits, int radix) {
    int start = 0;
    while (start < digits.length() && digits.charAt(start) == '0') {
      start++;
    }
    int end = Math.min(digits.length(), start + MANY_DIGITS);
    return start == end ? BigInteger.ZERO : new BigInteger(digits.substring(start, end), radix);
  }
}
