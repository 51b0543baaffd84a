package holdfast.backend.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AlignmentTest {

  @ParameterizedTest
  @ValueSource(longs = {3, 6, 3000, 12288, -1, -4096, Long.MIN_VALUE, Long.MAX_VALUE})
  @DisplayName("what is no power of two is refused, and the sentence says the number")
  void onlyPowersOfTwo(long bytes) {
    String sentence =
        assertThrows(IllegalArgumentException.class, () -> new Alignment(bytes)).getMessage();
    assertTrue(sentence.endsWith(Long.toUnsignedString(bytes)), sentence);
  }

  @Test
  @DisplayName("the page size of the backing takes the place of 0 and of all that is smaller")
  void thePageSizeIsTheLeast() {
    assertEquals(new Alignment(4096), Alignment.PAGE_SIZE.orPageSize(4096));
    assertEquals(new Alignment(4096), new Alignment(512).orPageSize(4096));
    assertEquals(new Alignment(1 << 21), new Alignment(1 << 21).orPageSize(4096));
    assertEquals(new Alignment(1 << 21), new Alignment(4096).orPageSize(1 << 21));
  }

  @Property
  @Label("a value rounded down is the greatest multiple that is not above it, for any value")
  void roundingDownGivesTheMultipleBelow(
      @ForAll @IntRange(max = 62) int power, @ForAll @LongRange(min = 0) long value) {
    Alignment alignment = new Alignment(1L << power);
    long below = alignment.roundDown(value);
    assertTrue(alignment.divides(below));
    assertTrue(below <= value && value - below < alignment.bytes());
  }

  @Property
  @Label("a value rounded up is the least multiple that is not below it")
  void roundingUpGivesTheMultipleAbove(
      @ForAll @IntRange(max = 61) int power,
      @ForAll @LongRange(min = 0, max = Long.MAX_VALUE >> 1) long value) {
    Alignment alignment = new Alignment(1L << power);
    long above = alignment.roundUp(value);
    assertTrue(alignment.divides(above));
    assertTrue(above >= value && above - value < alignment.bytes());
    assertEquals(alignment.divides(value), above == value);
  }

  @Test
  @DisplayName("rounding up past the greatest number is an ArithmeticException, not a wrong number")
  void roundingUpPastTheEndIsAnException() {
    assertThrows(ArithmeticException.class, () -> new Alignment(4096).roundUp(Long.MAX_VALUE));
  }

  @Test
  @DisplayName("without a wish every value is aligned")
  void withoutAWishEverythingIsAligned() {
    assertTrue(Alignment.PAGE_SIZE.divides(4097));
    assertEquals(4097, Alignment.PAGE_SIZE.roundUp(4097));
    assertEquals(4097, Alignment.PAGE_SIZE.roundDown(4097));
  }

  @Test
  @DisplayName("written as an option is written: 128M, 2M, 0")
  void writtenLikeASize() {
    assertEquals("128M", new Alignment(128 << 20).toString());
    assertEquals("2M", new Alignment(2 << 20).toString());
    assertEquals("0", Alignment.PAGE_SIZE.toString());
  }
}
