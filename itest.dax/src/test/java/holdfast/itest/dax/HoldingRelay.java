package holdfast.itest.dax;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Stands between the two sides of a migration, and from a frame of one type on lets nothing through
 * that goes the same way: so the migration stays where it is, until the power is cut. It knows of
 * frames their head alone: a byte of type and four of length.
 */
final class HoldingRelay {
  private static final int MAGIC_LENGTH = 4;

  /** Pieces of memory, the only frames that are held in their middle, and after the first ones. */
  private static final int RAM = 2;

  /** How much of memory is let through before it is held: more than a few pages. */
  private static final int RAM_LET_THROUGH = 128 << 10;

  private final ServerSocketChannel server;
  private final Path to;
  private final int held;
  private final CountDownLatch holds = new CountDownLatch(1);

  /**
   * Listens.
   *
   * @param at the socket to which the source connects
   * @param to that of the destination
   * @param held the type of the frame
   */
  HoldingRelay(Path at, Path to, int held) throws IOException {
    this.to = to;
    this.held = held;
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(at));
    Thread.ofPlatform().name("relay " + at).daemon().start(this::accept);
  }

  /** Waits until it holds that frame. */
  void awaitHeld(Duration limit) throws InterruptedException {
    if (!holds.await(limit.toSeconds(), TimeUnit.SECONDS)) {
      throw new IllegalStateException("no frame of type " + held + " within " + limit);
    }
  }

  private void accept() {
    try (SocketChannel source = server.accept();
        SocketChannel destination = SocketChannel.open(UnixDomainSocketAddress.of(to))) {
      Thread back = Thread.ofPlatform().daemon().start(() -> relay(destination, source, false));
      relay(source, destination, true);
      back.join();
    } catch (IOException | InterruptedException e) {
      // The test sees that nothing is held.
    }
  }

  private void relay(SocketChannel from, SocketChannel to, boolean magic) {
    try (from;
        to) {
      DataInputStream in = new DataInputStream(Channels.newInputStream(from));
      DataOutputStream out = new DataOutputStream(Channels.newOutputStream(to));
      if (magic) {
        copy(in, out, MAGIC_LENGTH);
      }
      int ram = 0;
      while (true) {
        int type = in.readUnsignedByte();
        int length = in.readInt();
        if (type == held && type != RAM) {
          hold();
        }
        out.writeByte(type);
        out.writeInt(length);
        if (type == held && ram + length > RAM_LET_THROUGH) {
          copy(in, out, RAM_LET_THROUGH - ram);
          hold();
        }
        copy(in, out, length);
        ram += type == RAM ? length : 0;
      }
    } catch (IOException | InterruptedException e) {
      // One side has gone, and so does the other.
    }
  }

  private static void copy(DataInputStream in, DataOutputStream out, int length)
      throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException();
    }
    out.write(bytes);
  }

  private void hold() throws InterruptedException {
    holds.countDown();
    new CountDownLatch(1).await();
  }
}
