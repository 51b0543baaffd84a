package holdfast.monitor.qmp.internal.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ByteChannel;
import java.nio.channels.ServerSocketChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A port of the loopback interface, which every user of this host can connect to. */
record TcpListener(ServerSocketChannel channel) implements Listener {
  private static final Logger LOG = LoggerFactory.getLogger(TcpListener.class);

  /** Listens at an address. */
  static TcpListener open(InetSocketAddress address) throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open();
    try {
      channel.bind(address);
      return new TcpListener(channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public ByteChannel accept() throws IOException {
    return channel.accept();
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("closing a port", e);
    }
  }
}
