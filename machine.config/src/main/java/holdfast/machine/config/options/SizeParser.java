package holdfast.machine.config.options;

import holdfast.backend.api.ByteSize;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a size as QEMU does: a decimal number, with or without a fraction and one suffix letter, or
 * a hexadecimal number without either.
 *
 * <p>There is no octal ({@code 010} is ten), no exponent ({@code 1E} is one exbibyte), no {@code
 * iB}, and a hexadecimal number has no suffix since {@code B} and {@code E} are digits there. A
 * fraction always needs its suffix, even where a number without one counts mebibytes: {@code -m
 * 1.5} is refused.
 */
final class SizeParser {
  private static final Pattern SIZE =
      Pattern.compile(
          "[ \\t\\n\\x0B\\f\\r]*+(?<sign>[+-]?+)"
              + "(?:0[xX](?<hex>[0-9a-fA-F]++)"
              + "|(?=\\.?[0-9])(?<whole>[0-9]*+)(?:\\.(?<fraction>[0-9]*+))?+"
              + "(?<unit>[bkmgtpeBKMGTPE]?+))");

  private static final int FRACTION_BITS = 64;
  private static final BigInteger LARGEST = BigInteger.valueOf(Long.MAX_VALUE);

  private SizeParser() {}

  /**
   * Parses a size.
   *
   * @param unit the unit of a number without a suffix
   * @throws OptionException if {@code text} is not a size, is negative, or is more than {@link
   *     Long#MAX_VALUE} bytes; the sentence begins with {@code text}
   */
  static ByteSize parse(String text, SizeUnit unit) throws OptionException {
    Matcher size = SIZE.matcher(text);
    if (!size.matches()) {
      throw notASize(text, unit);
    }
    if (size.group("sign").equals("-")) {
      throw negative(text);
    }
    String hex = size.group("hex");
    if (hex != null) {
      return inBytes(text, WholeNumbers.ofDigits(hex, 16), BigInteger.ZERO, unit);
    }
    String suffix = size.group("unit");
    SizeUnit stated = suffix.isEmpty() ? unit : SizeUnit.ofSuffix(suffix);
    BigInteger fraction = fraction(size.group("fraction"));
    if (fraction.signum() != 0 && (suffix.isEmpty() || stated == SizeUnit.B)) {
      throw new OptionException(
          Excerpt.of(text)
              + " is a fraction without a unit above the byte: write a suffix k, M, G, T, P or E");
    }
    return inBytes(text, WholeNumbers.ofDigits(size.group("whole"), 10), fraction, stated);
  }

  /**
   * Returns a decimal fraction in units of 2<sup>-64</sup>. It is converted through the nearest
   * double, as in QEMU, so that {@code 0.1E} is the same number of bytes in both; a fraction above
   * zero stays above zero.
   */
  private static BigInteger fraction(@Nullable String digits) {
    if (digits == null || digits.chars().allMatch(digit -> digit == '0')) {
      return BigInteger.ZERO;
    }
    return new BigDecimal(Double.parseDouble("0." + digits))
        .multiply(new BigDecimal(BigInteger.ONE.shiftLeft(FRACTION_BITS)))
        .toBigInteger()
        .max(BigInteger.ONE);
  }

  private static ByteSize inBytes(String text, BigInteger whole, BigInteger fraction, SizeUnit unit)
      throws OptionException {
    BigInteger half = BigInteger.ONE.shiftLeft(FRACTION_BITS - 1);
    BigInteger bytes =
        whole
            .shiftLeft(FRACTION_BITS)
            .add(fraction)
            .shiftLeft(unit.shift())
            .add(half)
            .shiftRight(FRACTION_BITS);
    return ofBytes(text, bytes);
  }

  /** Returns {@code bytes}, which were read from {@code text}, as a size. */
  static ByteSize ofBytes(String text, BigInteger bytes) throws OptionException {
    if (bytes.signum() < 0) {
      throw negative(text);
    }
    if (bytes.compareTo(LARGEST) > 0) {
      throw new OptionException(
          Excerpt.of(text) + " is too large: the largest size is " + LARGEST + " bytes");
    }
    return new ByteSize(bytes.longValueExact());
  }

  private static OptionException negative(String text) {
    return new OptionException(Excerpt.of(text) + " is negative: write a size of 0 or more");
  }

  private static OptionException notASize(String text, SizeUnit unit) {
    String plain = unit == SizeUnit.B ? "bytes" : unit + "iB";
    return new OptionException(
        Excerpt.of(text)
            + " is not a size: write "
            + plain
            + " as a number, or a number with a suffix k, M, G, T, P or E (for example 256M)");
  }
}
