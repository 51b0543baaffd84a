package holdfast.host.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ResourceLedgerTest {
  private final ResourceLedger ledger = new ResourceLedger();

  private void assertHolds(String... ranges) {
    assertEquals(List.of(ranges), ledger.ranges().stream().map(AddressRange::toString).toList());
  }

  @Test
  @DisplayName("a range loses its head, its middle, its tail, and what lies beside it stays")
  void pieces() {
    ledger.addRange(0x1000, 0x9000);
    ledger.removeRange(0x0, 0x2000);
    assertHolds("2000-9000");
    ledger.removeRange(0x4000, 0x5000);
    assertHolds("2000-4000", "5000-9000");
    ledger.removeRange(0x8000, 0xa000);
    assertHolds("2000-4000", "5000-8000");
    ledger.removeRange(0x3000, 0x6000);
    assertHolds("2000-3000", "6000-8000");
    ledger.removeRange(0x0, 0x10000);
    assertHolds();
  }

  @Test
  @DisplayName("adjacent ranges are one, and a range over another counts once")
  void joined() {
    ledger.addRange(0x1000, 0x2000);
    ledger.addRange(0x2000, 0x3000);
    assertHolds("1000-3000");
    ledger.addRange(0x1800, 0x2800);
    assertHolds("1000-3000");
  }

  @Test
  @DisplayName("whatever ranges come and go, held is what was added and not removed since")
  void againstAModel() {
    Random random = new Random(7);
    BitSet model = new BitSet();
    for (int step = 0; step < 20_000; step++) {
      int from = random.nextInt(200);
      int to = from + 1 + random.nextInt(12);
      boolean adds = random.nextBoolean();
      if (adds) {
        ledger.addRange(from, to);
      } else {
        ledger.removeRange(from, to);
      }
      model.set(from, to, adds);
      BitSet held = new BitSet();
      ledger.ranges().forEach(range -> held.set((int) range.from(), (int) range.to()));
      assertEquals(model, held, "step " + step);
    }
  }
}
