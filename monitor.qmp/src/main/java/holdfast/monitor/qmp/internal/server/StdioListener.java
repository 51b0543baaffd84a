package holdfast.monitor.qmp.internal.server;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/** Standard input and output, as one client that is there from the start. */
final class StdioListener implements Listener {
  private final FileChannel in;
  private final FileChannel out;
  private final AtomicBoolean taken = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);

  StdioListener() {
    this(
        new FileInputStream(FileDescriptor.in).getChannel(),
        new FileOutputStream(FileDescriptor.out).getChannel());
  }

  /**
   * @param in what is read instead of standard input
   * @param out what is written instead of standard output
   */
  StdioListener(FileChannel in, FileChannel out) {
    this.in = in;
    this.out = out;
  }

  @Override
  public ByteChannel accept() throws IOException {
    if (!taken.getAndSet(true)) {
      return new Stdio(in, out);
    }
    try {
      closed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw new ClosedChannelException();
  }

  @Override
  public void close() {
    closed.countDown();
  }

  /**
   * Both streams. At the end standard input is closed, which ends a read that waits for more;
   * standard output stays open, since the process has no other.
   */
  private static final class Stdio implements ByteChannel {
    private final FileChannel in;
    private final FileChannel out;
    private volatile boolean open = true;

    Stdio(FileChannel in, FileChannel out) {
      this.in = in;
      this.out = out;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      return in.read(target);
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
      if (!open) {
        throw new ClosedChannelException();
      }
      return out.write(source);
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void close() throws IOException {
      open = false;
      in.close();
    }
  }
}
