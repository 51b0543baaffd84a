package holdfast.machine.migration.internal.outgoing;

import java.io.IOException;
import java.nio.channels.ByteChannel;

/** A way to the destination. */
public interface Link extends AutoCloseable {
  /** Returns the channel, in blocking mode. */
  ByteChannel channel();

  /** Makes what was sent last: of a file, that it gets its name and is durable. */
  void complete() throws IOException;

  /** Closes the channel; what is not complete is taken away. */
  @Override
  void close() throws IOException;
}
