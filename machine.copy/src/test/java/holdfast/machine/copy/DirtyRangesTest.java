package holdfast.machine.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** A set of ranges is what a set of bits is, whatever was added in whatever order. */
class DirtyRangesTest {
  private static final int END = 64;

  /** Offset and length. */
  record Range(int offset, int length) {}

  @Provide
  Arbitrary<List<Range>> ranges() {
    return Combinators.combine(
            Arbitraries.integers().between(0, END), Arbitraries.integers().between(0, 12))
        .as((offset, length) -> new Range(offset, Math.min(length, END - offset)))
        .list()
        .ofMaxSize(24);
  }

  private static BitSet model(List<Range> ranges) {
    BitSet model = new BitSet();
    ranges.forEach(range -> model.set(range.offset, range.offset + range.length));
    return model;
  }

  private static DirtyRanges set(List<Range> ranges) {
    DirtyRanges set = new DirtyRanges();
    ranges.forEach(range -> set.add(range.offset, range.length));
    return set;
  }

  /** That a set has what the model has, in maximal ranges and in order. */
  private static void assertSame(BitSet model, DirtyRanges set) {
    BitSet found = new BitSet();
    int[] last = {-1};
    set.forEach(
        (offset, length) -> {
          assertTrue(length > 0, "no empty range");
          assertTrue(offset > last[0], "in order, and none touches the one before it");
          found.set((int) offset, (int) (offset + length));
          last[0] = (int) (offset + length);
        });
    assertEquals(model, found);
    assertEquals(model.cardinality(), set.bytes());
  }

  @Property(tries = 2000)
  void holdsWhatWasAdded(@ForAll("ranges") List<Range> added, @ForAll("ranges") List<Range> asked) {
    BitSet model = model(added);
    DirtyRanges set = set(added);
    assertSame(model, set);
    for (Range range : asked) {
      boolean all = model.nextClearBit(range.offset) >= range.offset + range.length;
      assertEquals(all, set.holds(range.offset, range.length), range::toString);
    }
  }

  @Property(tries = 1000)
  void unites(@ForAll("ranges") List<Range> one, @ForAll("ranges") List<Range> other) {
    BitSet model = model(one);
    model.or(model(other));
    DirtyRanges set = set(one);
    set.addAll(set(other));
    assertSame(model, set);
  }
}
