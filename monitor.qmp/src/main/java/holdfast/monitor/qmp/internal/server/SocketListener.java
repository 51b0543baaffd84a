package holdfast.monitor.qmp.internal.server;

import holdfast.host.linux.files.SocketFile;
import java.io.IOException;
import java.nio.channels.ByteChannel;

/** A UNIX socket that only the user of this process can connect to. */
record SocketListener(SocketFile socket) implements Listener {
  @Override
  public ByteChannel accept() throws IOException {
    return socket.accept();
  }

  @Override
  public void close() {
    socket.close();
  }
}
