package holdfast.machine.core.internal.guest;

import holdfast.machine.api.CallerMemoryException;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.LostMemoryException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.List;

/**
 * Calls of a channel with guest memory as its buffers, which the kernel fills or empties in place.
 * The ranges that a call filled are marked dirty; a call that fails may have filled anything.
 *
 * @param address first address of the whole access, for messages
 * @param length number of bytes of the whole access, for messages
 * @param fills whether the call fills guest memory
 * @param block how many bytes after those that the channel counts may have been filled as well
 */
record ChannelCall(GuestAddress address, long length, boolean fills, int block, LostPages lost) {

  /** A method of a channel. */
  @FunctionalInterface
  interface Method {
    /** Returns the number of bytes moved, -1 at the end of what there is. */
    long call(ByteBuffer[] buffers) throws IOException;
  }

  /**
   * Calls {@code method} once.
   *
   * @return its result
   * @throws LostMemoryException if it failed because the host can't provide a page of {@code parts}
   * @throws IOException if it failed for another reason
   */
  long make(List<Part> parts, Method method) throws IOException {
    try {
      ByteBuffer[] buffers = parts.stream().map(Part::buffer).toArray(ByteBuffer[]::new);
      return fills ? fill(parts, buffers, method) : method.call(buffers);
    } catch (InternalError e) {
      requireKept(parts, e);
      if (fills) {
        markDirty(parts, Long.MAX_VALUE); // the failure may have come in the middle of a transfer
      }
      throw new CallerMemoryException(address, length, e);
    } catch (ClosedChannelException e) {
      throw e;
    } catch (IOException e) {
      requireKept(parts, e); // for a lost page the kernel returns EFAULT
      throw e;
    }
  }

  private long fill(List<Part> parts, ByteBuffer[] buffers, Method method) throws IOException {
    long count;
    try {
      count = method.call(buffers);
    } catch (IOException | RuntimeException | Error e) {
      requireKept(parts, e); // first, since marking a lost page could end the JVM
      markDirty(parts, Long.MAX_VALUE);
      throw e;
    }
    markDirty(parts, count > 0 ? count + block : 0);
    return count;
  }

  private void markDirty(List<Part> parts, long filled) {
    long rest = filled;
    for (Part part : parts) {
      long bytes = Math.min(rest, part.length());
      if (bytes > 0
          && ColdCode.MARK.mayBe()
          && new Part(part.device(), part.offset(), bytes).isLost(lost, true)) {
        throw new LostMemoryException(address, length, part.device(), ColdCode.lost());
      }
      part.markDirty(bytes);
      rest -= part.length();
    }
  }

  private void requireKept(List<Part> parts, Throwable cause) {
    for (Part part : parts) {
      if (part.isLost(lost, fills)) {
        throw new LostMemoryException(address, length, part.device(), cause);
      }
    }
  }
}
