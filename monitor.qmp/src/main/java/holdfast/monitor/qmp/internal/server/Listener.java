package holdfast.monitor.qmp.internal.server;

import java.io.IOException;
import java.nio.channels.ByteChannel;

/** A place to which clients connect. */
interface Listener extends AutoCloseable {

  /**
   * Waits for the next client.
   *
   * @throws java.nio.channels.ClosedChannelException if no more will come
   */
  ByteChannel accept() throws IOException;

  /** Listens no more, and removes what is left of it. */
  @Override
  void close();
}
