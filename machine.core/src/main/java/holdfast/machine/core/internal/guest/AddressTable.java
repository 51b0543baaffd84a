package holdfast.machine.core.internal.guest;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds the device of an address with one look: the addresses from that of the first device on are
 * cut into buckets of equal size, and each bucket has one device. Where several devices are in one
 * bucket it has the lowest of them, so that whoever looks must check whether the device has the
 * address, and search if it doesn't.
 *
 * <p>The table has the fewest buckets with which no two devices share one, and never more than
 * {@value #MOST}, which are 16 KiB: enough for devices at multiples of 1 GiB within 4 TiB. Where
 * that doesn't do it has those with which the fewest devices share one.
 *
 * @param base where the first bucket begins
 * @param shift the binary logarithm of a bucket's size
 * @param buckets none if there is no device
 */
record AddressTable(long base, int shift, @Nullable Span[] buckets) {
  /** The greatest number of buckets. */
  static final int MOST = 4096;

  /**
   * Makes the table of some devices.
   *
   * @param spans the devices, sorted by address; they don't overlap
   */
  static AddressTable of(List<Span> spans) {
    if (spans.isEmpty()) {
      return new AddressTable(0, 0, new Span[0]);
    }
    long base = spans.getFirst().first();
    int bits = Long.SIZE - Long.numberOfLeadingZeros(spans.getLast().last() - base);
    int best = bits;
    int fewest = Integer.MAX_VALUE;
    for (int shift = bits; shift >= 0 && bits - shift <= log2(MOST) && fewest > 0; shift--) {
      int shared = shared(spans, base, shift);
      if (shared < fewest) {
        fewest = shared;
        best = shift;
      }
    }
    int shift = Math.min(best, Long.SIZE - 1);
    Span[] buckets = new Span[1 << (bits - best)];
    for (Span span : spans.reversed()) {
      int first = (int) ((span.first() - base) >>> shift) & (buckets.length - 1);
      int last = (int) ((span.last() - base) >>> shift) & (buckets.length - 1);
      for (int bucket = first; bucket <= last; bucket++) {
        buckets[bucket] = span;
      }
    }
    return new AddressTable(base, shift, buckets);
  }

  private static int log2(int number) {
    return Integer.SIZE - 1 - Integer.numberOfLeadingZeros(number);
  }

  /** Returns how many devices begin in the bucket in which the one before ends. */
  private static int shared(List<Span> spans, long base, int shift) {
    if (shift == Long.SIZE) {
      return spans.size() - 1; // there is no other bucket
    }
    int shared = 0;
    for (int i = 1; i < spans.size(); i++) {
      long ends = (spans.get(i - 1).last() - base) >>> shift;
      long begins = (spans.get(i).first() - base) >>> shift;
      shared += ends == begins ? 1 : 0;
    }
    return shared;
  }
}
