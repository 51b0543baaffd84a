package holdfast.machine.core.internal.guest;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.UnmappedAddressException;
import java.util.ArrayList;
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

  private final List<GuestDevice> devices;
  private final List<Optional<MemoryDevice>> found;
  private final long[] firsts;
  private final long[] lasts;

  private GuestMap(List<GuestDevice> sorted) {
    devices = List.copyOf(sorted);
    found = devices.stream().map(Optional::<MemoryDevice>of).toList();
    firsts = devices.stream().mapToLong(d -> d.range().first().value() + BIAS).toArray();
    lasts = devices.stream().mapToLong(d -> d.range().last().value() + BIAS).toArray();
  }

  GuestMap with(GuestDevice device) {
    List<GuestDevice> more = new ArrayList<>(devices);
    more.add(device);
    more.sort(Comparator.comparing(GuestDevice::address));
    return new GuestMap(more);
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

  /** Returns the device that contains the whole range, or null. */
  @Nullable GuestDevice holder(long address, long length) {
    int index = indexOf(address);
    return index >= 0 && available(index, address) >= length ? devices.get(index) : null;
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
    int index = require(address, length);
    for (long done = 0; done < length; index++) {
      GuestDevice device = devices.get(index);
      long offset = device.offsetOf(address.value() + done);
      long part = Math.min(length - done, device.size().bytes() - offset);
      piece.visit(device, offset, done, part);
      done += part;
    }
  }

  /** Checks that every address of a range has memory; returns the index of its first device. */
  private int require(GuestAddress address, long length) {
    int first = indexOf(address.value());
    long done = 0;
    for (int index = first; done < length; index++) {
      long at = address.value() + done;
      if (done > 0 && at == 0) {
        throw new UnmappedAddressException(address, length, null, null);
      }
      if (index < 0 || index == firsts.length || firsts[index] > at + BIAS) {
        GuestAddress unmapped = new GuestAddress(at);
        throw new UnmappedAddressException(address, length, unmapped, nearest(unmapped));
      }
      done += Math.min(available(index, at), length - done);
    }
    return first;
  }

  /** Returns how many bytes the device at {@code index} has from {@code address} on. */
  private long available(int index, long address) {
    return lasts[index] - (address + BIAS) + 1;
  }

  private int indexOf(long address) {
    int index = lastFrom(address);
    return index >= 0 && address + BIAS <= lasts[index] ? index : -1;
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
