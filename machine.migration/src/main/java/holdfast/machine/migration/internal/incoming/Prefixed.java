package holdfast.machine.migration.internal.incoming;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** Gives out again what was read of a channel, and then the rest of it. Used by one thread. */
final class Prefixed implements ReadableByteChannel {
  private final ByteBuffer first;
  private final ReadableByteChannel rest;

  Prefixed(byte[] first, ReadableByteChannel rest) {
    this.first = ByteBuffer.wrap(first);
    this.rest = rest;
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    if (!first.hasRemaining()) {
      return rest.read(into);
    }
    int length = Math.min(first.remaining(), into.remaining());
    into.put(first.slice(first.position(), length));
    first.position(first.position() + length);
    return length;
  }

  @Override
  public boolean isOpen() {
    return rest.isOpen();
  }

  @Override
  public void close() throws IOException {
    rest.close();
  }
}
