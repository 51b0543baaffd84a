package holdfast.machine.core.internal.guest;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestRange;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ScatteringByteChannel;
import java.util.ArrayList;
import java.util.List;

/** A transfer between a stream or a packet device and ranges of guest memory. */
final class StreamTransfer {
  /** The most bytes for one buffer, which is smaller than 2 GiB. */
  private static final long PORTION = 1L << 30;

  private final List<Part> parts = new ArrayList<>();
  private final LostPages lost;
  private final GuestAddress address;
  private final long length;

  /**
   * @param ranges may be empty
   */
  StreamTransfer(GuestMap map, List<GuestRange> ranges, LostPages lost) {
    this.lost = lost;
    this.address = ranges.isEmpty() ? GuestAddress.ZERO : ranges.getFirst().first();
    long total = 0;
    for (GuestRange range : ranges) {
      long size = length(range);
      map.visit(range.first(), size, (device, offset, done, part) -> add(device, offset, part));
      total += size;
    }
    this.length = total;
  }

  /**
   * Returns the number of bytes of a range, or {@link Long#MAX_VALUE}, which no device has, if
   * there are more.
   */
  static long length(GuestRange range) {
    long length = range.last().offsetFrom(range.first()) + 1;
    return length > 0 ? length : Long.MAX_VALUE;
  }

  private void add(GuestDevice device, long offset, long size) {
    for (long at = 0; at < size; at += PORTION) {
      parts.add(new Part(device, offset + at, Math.min(PORTION, size - at)));
    }
  }

  /** Reads once; returns the result of {@code source}. */
  long from(ScatteringByteChannel source) throws IOException {
    int block = source instanceof FileChannel ? FileTransfer.BLOCK : 0;
    return make(new ChannelCall(address, length, true, block, lost), source::read);
  }

  /** Writes once; returns the result of {@code target}. */
  long to(GatheringByteChannel target) throws IOException {
    return make(new ChannelCall(address, length, false, 0, lost), target::write);
  }

  private long make(ChannelCall call, ChannelCall.Method method) throws IOException {
    return parts.isEmpty() ? 0 : call.make(parts, method);
  }
}
