package holdfast.machine.config.options;

import static holdfast.machine.config.options.Refusals.sentenceOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Sizes are read as QEMU documents them: in the comment on size strings above {@code do_strtosz}
 * (util/cutils.c of QEMU 10), and in qemu-img(1), "size". The values in the tables of fractions are
 * what a QEMU 7.2 reports for such a backend.
 */
class SizeGrammarTest {

  @ParameterizedTest(name = "[{0}] is {1} bytes")
  @DisplayName("a whole number with any of the suffixes, in either case")
  @CsvSource(
      delimiter = '|',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "0|0",
        "1000|1000",
        "1b|1",
        "1B|1",
        "1k|1024",
        "1K|1024",
        "1m|1048576",
        "1M|1048576",
        "1g|1073741824",
        "1G|1073741824",
        "1T|1099511627776",
        "1P|1125899906842624",
        "1e|1152921504606846976",
        "7E|8070450532247928832",
        "9223372036854775807|9223372036854775807",
        "0000000000000000000000001|1",
        "010|10",
        "08|8",
        " 5M|5242880",
        "+5M|5242880",
        "\t +5M|5242880",
      })
  void wholeNumbers(String text, long bytes) throws OptionException {
    assertEquals(new ByteSize(bytes), SizeParser.parse(text, SizeUnit.B));
  }

  @ParameterizedTest(name = "{0} is {1} bytes")
  @DisplayName("hexadecimal, where B and E are digits")
  @CsvSource(
      delimiter = '|',
      value = {
        "0x0|0",
        "0x1800|6144",
        "0X1f|31",
        "0x1B|27",
        "0x1E|30",
        "+0x10|16",
        "0x7fffffffffffffff|9223372036854775807"
      })
  void hexadecimal(String text, long bytes) throws OptionException {
    assertEquals(new ByteSize(bytes), SizeParser.parse(text, SizeUnit.B));
  }

  @ParameterizedTest(name = "{0} is {1} bytes")
  @DisplayName("fractions of a unit, rounded half up to a byte")
  @CsvSource(
      delimiter = '|',
      value = {
        "1.5k|1536",
        ".5M|524288",
        "+.5M|524288",
        "5.M|5242880",
        "5.|5",
        "1000.0B|1000",
        "1000.000|1000",
        "12.345M|12944671",
        "1.9999k|2048",
        "0.0009765625k|1",
        "0.00048828125k|1",
        "0.0004k|0",
        "1.0000000000000000000001M|1048576",
        ".99999999999999999999M|1048576",
        "0.1T|109951162778",
        "0.3T|329853488333",
        "1.1T|1209462790554",
        "0.7T|769658139443",
        "1.5E|1729382256910270464",
      })
  void fractions(String text, long bytes) throws OptionException {
    assertEquals(new ByteSize(bytes), SizeParser.parse(text, SizeUnit.B));
  }

  @ParameterizedTest(name = "-m {0} is {1} bytes")
  @DisplayName("in mebibytes where no suffix says otherwise (qemu(1), -m)")
  @CsvSource(
      delimiter = '|',
      value = {
        "0|0",
        "64|67108864",
        "64.0|67108864",
        "0x40|67108864",
        "64M|67108864",
        "67108864B|67108864",
        "64.5k|66048",
        "1G|1073741824"
      })
  void mebibytes(String text, long bytes) throws OptionException {
    assertEquals(new ByteSize(bytes), SizeParser.parse(text, SizeUnit.M));
  }

  @ParameterizedTest(name = "[{0}]")
  @DisplayName("anything else is no size")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "\"\"", "\" \"", "+", ".", ".M", "M", "12Q", "1MiB", "1KB", "5M ", "+ 5M", "+-5M", "1,5M",
        "0x", "0x18M", "0x1.8k", "0x.8", "00x18", "0b100", "1e3", "1.5e3", "1.5p3", "1.0.0M",
        "1.+5M", "1. 5M", "inf", "nan", "\u0661k", "\uff11k",
      })
  void noSize(String text) {
    assertEquals(
        Excerpt.of(text)
            + " is not a size: write bytes as a number, or a number with a suffix"
            + " k, M, G, T, P or E (for example 256M)",
        sentenceOf(() -> SizeParser.parse(text, SizeUnit.B)));
  }

  @ParameterizedTest(name = "{0}")
  @DisplayName("a fraction needs a unit that has fractions, and it needs it in writing")
  @CsvSource({"1.5", "1.5B", "0.0000000000000000000000000000001", ".5b"})
  void fractionsOfBytes(String text) {
    String sentence =
        text + " is a fraction without a unit above the byte: write a suffix k, M, G, T, P or E";
    assertEquals(sentence, sentenceOf(() -> SizeParser.parse(text, SizeUnit.B)));
    assertEquals(sentence, sentenceOf(() -> SizeParser.parse(text, SizeUnit.M)));
  }

  @ParameterizedTest(name = "{0}")
  @DisplayName("a negative size is refused, and zero with a minus sign too")
  @CsvSource({"-1", "-0", "-2M", "-.5M", "-0x10", "-99999999999999999999999"})
  void negative(String text) {
    assertEquals(
        text + " is negative: write a size of 0 or more",
        sentenceOf(() -> SizeParser.parse(text, SizeUnit.B)));
  }

  @ParameterizedTest(name = "{0}")
  @DisplayName("2^63 bytes and more are too many")
  @CsvSource({
    "9223372036854775808",
    "0x8000000000000000",
    "8E",
    "7.9999999999999999999999E",
    "16E",
    "18446744073709551615",
    "18446744073709551616",
    "100000P"
  })
  void tooLarge(String text) {
    assertEquals(
        text + " is too large: the largest size is 9223372036854775807 bytes",
        sentenceOf(() -> SizeParser.parse(text, SizeUnit.B)));
  }

  @Test
  @DisplayName("a number of a million digits is refused without delay")
  void endlessNumbers() throws OptionException {
    String digits = "9".repeat(1_000_000);
    assertTrue(
        sentenceOf(() -> SizeParser.parse(digits, SizeUnit.B))
            .endsWith(
                "... (1000000 characters) is too large: the largest size is "
                    + Long.MAX_VALUE
                    + " bytes"));
    assertTrue(sentenceOf(() -> SizeParser.parse("0x" + digits, SizeUnit.B)).contains("too large"));
    assertEquals(ByteSize.kib(2), SizeParser.parse("1." + digits + "k", SizeUnit.B));
    assertEquals(new ByteSize(1), SizeParser.parse("0".repeat(1_000_000) + "1", SizeUnit.B));
  }
}
