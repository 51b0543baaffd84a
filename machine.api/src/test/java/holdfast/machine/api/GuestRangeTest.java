package holdfast.machine.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import org.junit.jupiter.api.Test;

/** A range has at least one address, can end at the last one, and never wraps. */
class GuestRangeTest {

  @Test
  void reachesTheLastAddress() {
    GuestRange top = GuestRange.of(new GuestAddress(-4096), new ByteSize(4096));
    assertEquals(GuestAddress.MAX, top.last());
    assertTrue(top.contains(GuestAddress.MAX));
    assertFalse(top.contains(new GuestAddress(-4097)));
    assertEquals("[0xfffffffffffff000, 0xffffffffffffffff]", top.toString());
  }

  @Test
  void neverWraps() {
    assertThrows(ArithmeticException.class, () -> GuestRange.of(GuestAddress.MAX, new ByteSize(2)));
    assertThrows(
        IllegalArgumentException.class, () -> new GuestRange(GuestAddress.MAX, GuestAddress.ZERO));
  }

  @Test
  void isNeverEmpty() {
    assertThrows(
        IllegalArgumentException.class, () -> GuestRange.of(GuestAddress.ZERO, ByteSize.ZERO));
  }

  @Test
  void touchingIsNoOverlap() {
    GuestRange low = range(0x1000, 0x1fff);
    assertFalse(low.overlaps(range(0x2000, 0x2fff)));
    assertTrue(low.overlaps(range(0x1fff, 0x2fff)));
    assertTrue(low.overlaps(low));
    assertTrue(range(0, -1).overlaps(low));
    assertTrue(low.overlaps(range(0, -1)));
  }

  @Test
  void containsARangeOnlyAsAWhole() {
    GuestRange low = range(0x1000, 0x1fff);
    assertTrue(low.contains(range(0x1000, 0x1fff)));
    assertFalse(low.contains(range(0x1000, 0x2000)));
    assertFalse(low.contains(range(0xfff, 0x1001)));
  }

  private static GuestRange range(long first, long last) {
    return new GuestRange(new GuestAddress(first), new GuestAddress(last));
  }
}
