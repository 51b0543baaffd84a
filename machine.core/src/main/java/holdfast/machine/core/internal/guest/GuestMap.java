package holdfast.machine.core.internal.guest;

import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.UnmappedAddressException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The devices of a machine at one moment, sorted by address. Immutable: a change makes a new map.
 * Look-ups allocate nothing.
 */
final class GuestMap {
  static final GuestMap EMPTY = new GuestMap(List.of());

  /** Adding this to two unsigned numbers lets a signed comparison compare them. */
  private static final long BIAS = Long.MIN_VALUE;

  /** How many pieces of base RAM are looked at without a table: those below and above 4 GiB. */
  private static final int RAM_PIECES = 2;

  private final List<GuestDevice> devices;
  private final List<Optional<MemoryDevice>> found;
  private final Span[] spans;
  private final long[] firsts;

  // What a look-up reads, here rather than in an object of its own: the only device, if there is
  // one; otherwise the table; and the base RAM below it.
  private final @Nullable Span only;
  private final long base;
  private final int shift;
  private final @Nullable Span[] buckets;
  private final @Nullable Span lowRam;
  private final @Nullable Span highRam;

  /** The biased address at which the upper piece of base RAM begins. */
  private final long high;

  private GuestMap(List<GuestDevice> sorted) {
    devices = List.copyOf(sorted);
    found = devices.stream().map(Optional::<MemoryDevice>of).toList();
    spans = devices.stream().map(Span::of).toArray(Span[]::new);
    firsts = Arrays.stream(spans).mapToLong(span -> span.first() + BIAS).toArray();
    int ram = 0;
    while (ram < Math.min(RAM_PIECES, spans.length)
        && devices.get(ram).driver() == DeviceKind.RAM) {
      ram++;
    }
    lowRam = ram > 0 ? spans[0] : null;
    highRam = ram > 1 ? spans[1] : null;
    high = ram > 1 ? firsts[1] : Long.MAX_VALUE;
    only = spans.length - ram == 1 ? spans[ram] : null;
    AddressTable table = AddressTable.of(Arrays.asList(spans).subList(ram, spans.length));
    base = table.base();
    shift = table.shift();
    buckets = table.buckets();
  }

  /** Returns the map of some devices, in any order. */
  static GuestMap of(Collection<GuestDevice> devices) {
    return new GuestMap(
        devices.stream().sorted(Comparator.comparing(GuestDevice::address)).toList());
  }

  GuestMap with(GuestDevice device) {
    List<GuestDevice> more = new ArrayList<>(devices);
    more.add(device);
    return of(more);
  }

  GuestMap without(MemoryDevice device) {
    return new GuestMap(devices.stream().filter(d -> d != device).toList());
  }

  List<GuestDevice> devices() {
    return devices;
  }

  Optional<MemoryDevice> find(GuestAddress address) {
    int index = indexOf(address.value());
    return index < 0 ? Optional.empty() : found.get(index);
  }

  /**
   * Returns the device that contains the whole range, or null.
   *
   * @param length its bytes, at least 1
   */
  @Nullable Span holder(long address, long length) {
    Span single = only;
    if (single != null && single.holds(address, length)) {
      return single;
    }
    Span likely = likely(address);
    return likely != null && likely.holds(address, length) ? likely : search(address, length);
  }

  /** Returns the only device that can have an address, unless several share its bucket. */
  private @Nullable Span likely(long address) {
    long bucket = (address - base) >>> shift;
    if (Long.compareUnsigned(bucket, buckets.length) < 0) {
      return buckets[(int) bucket];
    }
    return address + BIAS < high ? lowRam : highRam;
  }

  private @Nullable Span search(long address, long length) {
    int index = lastFrom(address);
    return index >= 0 && spans[index].holds(address, length) ? spans[index] : null;
  }

  /** An operation on the part of a range that lies in one device. */
  interface Piece<X extends Exception> {
    /**
     * Visits one part.
     *
     * @param offset the offset in the device at which it begins
     * @param done how many bytes of the range come before it
     * @param length its bytes, at least 1
     */
    void visit(GuestDevice device, long offset, long done, long length) throws X;
  }

  /** Visits the parts of a range, lowest first; visits none if an address of it has no memory. */
  <X extends Exception> void visit(GuestAddress address, long length, Piece<X> piece) throws X {
    int index = require(address.value(), length);
    for (long done = 0; done < length; index++) {
      Span span = spans[index];
      long at = address.value() + done;
      long part = Math.min(length - done, span.bytesFrom(at));
      piece.visit(span.device(), span.offsetOf(at), done, part);
      done += part;
    }
  }

  /** Returns the device at an index, which {@link #require} has returned or a higher one. */
  Span span(int index) {
    return spans[index];
  }

  /** Checks that every address of a range has memory; returns the index of its first device. */
  int require(long address, long length) {
    int first = indexOf(address);
    long done = 0;
    for (int index = first; done < length; index++) {
      long at = address + done;
      if (done > 0 && at == 0) {
        throw new UnmappedAddressException(new GuestAddress(address), length, null, null);
      }
      if (index < 0 || index == firsts.length || firsts[index] > at + BIAS) {
        GuestAddress unmapped = new GuestAddress(at);
        throw new UnmappedAddressException(
            new GuestAddress(address), length, unmapped, nearest(unmapped));
      }
      done += Math.min(spans[index].bytesFrom(at), length - done);
    }
    return first;
  }

  private int indexOf(long address) {
    int index = lastFrom(address);
    return index >= 0 && spans[index].holds(address, 1) ? index : -1;
  }

  /** Returns the index of the last device that begins at or below {@code address}, or -1. */
  private int lastFrom(long address) {
    int low = 0;
    int high = firsts.length - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (firsts[middle] <= address + BIAS) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return high;
  }

  /** Returns the device nearest to an address without memory; of two equally near the lower one. */
  private @Nullable GuestDevice nearest(GuestAddress address) {
    int below = lastFrom(address.value());
    int above = below + 1;
    if (above == devices.size()) {
      return below < 0 ? null : devices.get(below);
    }
    if (below < 0) {
      return devices.get(above);
    }
    long down = address.offsetFrom(devices.get(below).range().last());
    long up = devices.get(above).address().offsetFrom(address);
    return devices.get(Long.compareUnsigned(up, down) < 0 ? above : below);
  }
}
