package holdfast.machine.config.options;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A size that is printed and read again is the same size, to the byte. */
class SizesSurvivePrintingTest {

  @Property
  void printedAndReadAgain(@ForAll("sizes") ByteSize size) throws OptionException {
    assertEquals(size, SizeParser.parse(size.toString(), SizeUnit.B));
  }

  @Property
  void canonicalFormReadAgainWhateverTheUnit(@ForAll("sizes") ByteSize size, @ForAll SizeUnit unit)
      throws OptionException {
    PropertyType<ByteSize> type = PropertyType.size(unit);
    assertEquals(size, type.parse(type.print(size)));
  }

  @Property
  void noLongerThanItsBytes(@ForAll("sizes") ByteSize size) {
    assertTrue(size.toString().length() <= Long.toString(size.bytes()).length());
  }

  /** Any number of bytes, and round ones more often. */
  @Provide
  Arbitrary<ByteSize> sizes() {
    Arbitrary<Long> any = Arbitraries.longs().between(0, Long.MAX_VALUE);
    Arbitrary<Integer> shifts = Arbitraries.integers().between(0, 62);
    return Arbitraries.oneOf(
            any, any.flatMap(bytes -> shifts.map(shift -> bytes >>> shift << shift)))
        .map(ByteSize::new);
  }

  @ParameterizedTest(name = "{0} bytes are {1}")
  @CsvSource({
    "0, 0",
    "1, 1",
    "1000, 1000",
    "1023, 1023",
    "1024, 1K",
    "1025, 1025",
    "1572864, 1536K",
    "268435456, 256M",
    "1073741824, 1G",
    "1099511627776, 1T",
    "1125899906842624, 1P",
    "1152921504606846976, 1E",
    "8070450532247928832, 7E",
    "9223372036854775807, 9223372036854775807"
  })
  void shortestExactForm(long bytes, String text) {
    assertEquals(text, new ByteSize(bytes).toString());
  }

  @Test
  @DisplayName("factories multiply, and refuse what is out of range")
  void factories() {
    assertEquals(2048, ByteSize.kib(2).bytes());
    assertEquals(2097152, ByteSize.mib(2).bytes());
    assertEquals(2147483648L, ByteSize.gib(2).bytes());
    assertThrows(ArithmeticException.class, () -> ByteSize.gib(1L << 33));
    assertThrows(IllegalArgumentException.class, () -> new ByteSize(-1));
    assertThrows(IllegalArgumentException.class, () -> ByteSize.kib(-1));
    assertTrue(ByteSize.kib(1).compareTo(ByteSize.mib(1)) < 0);
  }
}
