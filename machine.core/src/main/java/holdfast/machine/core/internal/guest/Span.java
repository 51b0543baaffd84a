package holdfast.machine.core.internal.guest;

import java.lang.foreign.MemorySegment;

/**
 * The addresses of a device and the bytes behind them: what an access needs, next to each other in
 * the processor's cache.
 *
 * @param first the first guest address, an unsigned number
 * @param segment its bytes
 */
record Span(GuestDevice device, long first, MemorySegment segment) {

  static Span of(GuestDevice device) {
    return new Span(device, device.address().value(), device.segment());
  }

  /** Returns whether the device can't be stored to. */
  boolean readOnly() {
    return segment.isReadOnly(); // what the segment checks at a store, so that it is done once
  }

  /** Returns the last guest address. */
  long last() {
    return first + (segment.byteSize() - 1);
  }

  /**
   * Returns whether a range lies in the device.
   *
   * @param length its bytes, at least 1
   */
  boolean holds(long address, long length) {
    // what the segment checks, in its own words, so that the compiler does so only once
    long end = segment.byteSize() - length + 1;
    return end >= 0 && Long.compareUnsigned(address - first, end) < 0;
  }

  /** Returns the offset in {@link #segment()} of a guest address of this device. */
  long offsetOf(long address) {
    return address - first;
  }

  /** Returns how many bytes the device has from one of its addresses on. */
  long bytesFrom(long address) {
    return segment.byteSize() - (address - first);
  }

  /** Returns the offset in the device's region of a guest address of the device. */
  long regionOffsetOf(long address) {
    return device.regionOffset() + (address - first);
  }
}
