package holdfast.machine.core.internal.guest;

import holdfast.machine.api.GuestAddress;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * The part of a range that lies in one device.
 *
 * @param offset the offset in the device at which it begins
 * @param length its bytes, at least 1
 */
record Part(GuestDevice device, long offset, long length) {
  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

  /**
   * The smallest page of any host; where pages are larger, each is stored to more often than
   * needed.
   */
  private static final long PAGE = 4096;

  /** Returns the guest address of its first byte. */
  GuestAddress address() {
    return device.address().plus(offset);
  }

  /** Returns its bytes as a buffer for a channel; at most {@link Integer#MAX_VALUE}. */
  ByteBuffer buffer() {
    return device.segment().asSlice(offset, length).asByteBuffer();
  }

  /** Returns whether the host can't provide a page of it; then its region has failed. */
  boolean isLost(LostPages lost, boolean stored) {
    return lost.failIfLost(device.region(), device.regionOffset() + offset, length, stored);
  }

  /**
   * Makes the kernel notice that the first {@code bytes} were stored to, although no store went
   * through the page table: stores a word of each page back into it. A device that pinned a page
   * before the kernel marked it clean leaves no other trace (Linux,
   * Documentation/core-api/pin_user_pages). The operation is atomic, so that no other store is
   * undone.
   *
   * <p>SAFETY: of a page that can be loaded and not stored to, interpreted code would end the JVM;
   * the caller asks the host first as {@link ColdCode#MARK} says.
   *
   * @throws InternalError if a page is lost (JDK 25.0.3)
   */
  void markDirty(long bytes) {
    if (bytes <= 0) {
      return;
    }
    MemorySegment region = device.region().segment();
    long first = device.regionOffset() + offset;
    for (long page = first & -PAGE; page < first + bytes; page += PAGE) {
      int unused = (int) INT.getAndBitwiseOr(region, page, 0);
    }
    LateErrors.await();
  }
}
