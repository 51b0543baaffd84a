package holdfast.machine.core.internal.guest;

import holdfast.machine.api.GuestAddress;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.List;

/** A transfer between a file and a range of guest memory. Used by one thread. */
final class FileTransfer implements GuestMap.Piece<IOException> {
  /** The most bytes for one call; a buffer is smaller than 2 GiB. */
  private static final long PORTION = 1L << 30;

  /**
   * An upper bound on the block size of a disk or file system: a direct read fills the last block
   * as a whole.
   */
  static final int BLOCK = 64 << 10;

  /** The least alignment of every direct transfer. */
  private static final long LEAST_BLOCK = 512;

  private final FileChannel file;
  private final long position;
  private final ChannelCall call;
  private long done;
  private boolean ended;

  private FileTransfer(FileChannel file, long position, ChannelCall call) {
    if (position < 0) {
      throw new IllegalArgumentException("position " + position + " of a file");
    }
    this.file = file;
    this.position = position;
    this.call = call;
  }

  static FileTransfer toGuest(
      FileChannel file, long position, GuestAddress address, long length, LostPages lost) {
    return new FileTransfer(file, position, new ChannelCall(address, length, true, BLOCK, lost));
  }

  static FileTransfer toFile(
      FileChannel file, long position, GuestAddress address, long length, LostPages lost) {
    return new FileTransfer(file, position, new ChannelCall(address, length, false, 0, lost));
  }

  /** Makes the transfer; returns the number of bytes moved. */
  long run(GuestMap map) throws IOException {
    map.visit(call.address(), call.length(), this);
    return done;
  }

  @Override
  public void visit(GuestDevice device, long offset, long before, long length) throws IOException {
    for (long at = 0; at < length && !ended; ) {
      at += move(new Part(device, offset + at, Math.min(PORTION, length - at)));
    }
  }

  private long move(Part part) throws IOException {
    long count = Math.max(0, call(part));
    done += count;
    if (count < part.length()) {
      if (call.fills()) {
        ended = count == 0 || position + done >= file.size();
      } else if (count == 0) {
        throw described(part, new IOException("it takes no more"));
      }
    }
    return count;
  }

  private long call(Part part) throws IOException {
    long from = position + done;
    try {
      return call.make(
          List.of(part),
          call.fills()
              ? buffers -> file.read(buffers[0], from)
              : buffers -> file.write(buffers[0], from));
    } catch (IOException e) {
      throw e.getClass() == IOException.class ? described(part, e) : e;
    }
  }

  /** Adds where it failed and what to do, which the JDK's message lacks. */
  private IOException described(Part part, IOException e) {
    long from = position + done;
    String what =
        part.length()
            + " bytes "
            + (call.fills() ? "from" : "to")
            + " position "
            + from
            + " of the file, "
            + (call.fills() ? "to" : "from")
            + " guest address "
            + part.address()
            + ": "
            + e.getMessage();
    boolean aligned = ((from | part.length() | part.address().value()) & (LEAST_BLOCK - 1)) == 0;
    return new IOException(
        aligned
            ? what
            : what
                + "; if it was opened with ExtendedOpenOption.DIRECT, position, size and guest"
                + " address have to be multiples of its block size",
        e);
  }
}
