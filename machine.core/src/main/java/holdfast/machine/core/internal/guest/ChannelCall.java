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
 * What a call filled is told to the kernel as stores; a call that fails may have filled anything.
 *
 * @param address of the whole access, for messages
 * @param length of the whole access, for messages
 * @param fills whether guest memory is what is filled
 * @param block how many bytes behind those that the channel counts may have been filled as well
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
   * @return what it returned
   * @throws LostMemoryException if it failed since the host can't provide a page of {@code parts}
   * @throws IOException if it failed for another cause
   */
  long make(List<Part> parts, Method method) throws IOException {
    try {
      ByteBuffer[] buffers = parts.stream().map(Part::buffer).toArray(ByteBuffer[]::new);
      return fills ? fill(parts, buffers, method) : method.call(buffers);
    } catch (InternalError e) {
      requireKept(parts, e);
      if (fills) {
        markDirty(parts, Long.MAX_VALUE); // it may have come in the midst of that
      }
      throw new CallerMemoryException(address, length, e);
    } catch (ClosedChannelException e) {
      throw e;
    } catch (IOException e) {
      requireKept(parts, e); // of a lost page the kernel says EFAULT
      throw e;
    }
  }

  private long fill(List<Part> parts, ByteBuffer[] buffers, Method method) throws IOException {
    long filled = Long.MAX_VALUE;
    try {
      long count = method.call(buffers);
      filled = count > 0 ? count + block : 0;
      return count;
    } finally {
      markDirty(parts, filled);
    }
  }

  private static void markDirty(List<Part> parts, long filled) {
    long rest = filled;
    for (Part part : parts) {
      part.markDirty(Math.min(rest, part.length()));
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
