package holdfast.machine.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Alignment;
import java.math.BigInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

/** A guest address is an unsigned number of 64 bits, and never wraps. */
class GuestAddressTest {
  private static final BigInteger END = BigInteger.TWO.pow(64);

  @Test
  void isShownInHexadecimal() {
    assertEquals("0x0", GuestAddress.ZERO.toString());
    assertEquals("0x100000000", new GuestAddress(1L << 32).toString());
    assertEquals("0xffffffffffffffff", GuestAddress.MAX.toString());
  }

  @Property
  void comparesAsUnsigned(@ForAll long a, @ForAll long b) {
    int expected = unsigned(a).compareTo(unsigned(b));
    assertEquals(expected, Integer.signum(new GuestAddress(a).compareTo(new GuestAddress(b))));
  }

  @Property
  void plusIsExactOrThrows(@ForAll long a, @ForAll @LongRange(min = 0) long offset) {
    GuestAddress address = new GuestAddress(a);
    BigInteger sum = unsigned(a).add(unsigned(offset));
    if (sum.compareTo(END) < 0) {
      assertEquals(sum, unsigned(address.plus(offset).value()));
      assertEquals(offset, address.plus(offset).offsetFrom(address));
    } else {
      assertThrows(ArithmeticException.class, () -> address.plus(offset));
    }
  }

  @Test
  void theLastAddressHasNoNext() {
    assertEquals(GuestAddress.MAX, GuestAddress.MAX.plus(0));
    assertThrows(ArithmeticException.class, () -> GuestAddress.MAX.plus(1));
    assertThrows(IllegalArgumentException.class, () -> GuestAddress.MAX.plus(-1));
  }

  @Test
  void anOffsetIsNeverNegative() {
    assertEquals(-1, GuestAddress.MAX.offsetFrom(GuestAddress.ZERO));
    assertThrows(
        ArithmeticException.class, () -> GuestAddress.ZERO.offsetFrom(new GuestAddress(1)));
  }

  @Test
  void alignsInTheUpperHalfToo() {
    Alignment page = new Alignment(4096);
    assertTrue(new GuestAddress(Long.MIN_VALUE).isAligned(page));
    assertTrue(new GuestAddress(-4096).isAligned(page));
    assertFalse(GuestAddress.MAX.isAligned(page));
    assertTrue(GuestAddress.MAX.isAligned(Alignment.PAGE_SIZE));
  }

  private static BigInteger unsigned(long value) {
    return new BigInteger(Long.toUnsignedString(value));
  }
}
