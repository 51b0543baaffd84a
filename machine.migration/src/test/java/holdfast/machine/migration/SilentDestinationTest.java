package holdfast.machine.migration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.Ownership;
import holdfast.machine.migration.internal.peer.FrameType;
import holdfast.machine.migration.internal.peer.Frames;
import holdfast.machine.migration.internal.peer.Offer;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class SilentDestinationTest {
  @TempDir private Path folder;

  @Test
  @DisplayName(
      "a destination that takes the guest and never says that it goes on: the source tells what it"
          + " waited for and how long, and keeps the guest stopped")
  void afterTheProof() throws Exception {
    Path socket = folder.resolve("socket");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        Host source = Host.open(folder)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      FutureTask<String> destination = new FutureTask<>(() -> takeIn(server));
      Thread.ofVirtual().start(destination);
      source.admin().migration().setParameters(Map.of("max-bandwidth", "0"));
      source.admin().migration().migrate("unix:" + socket);

      MigrationStatus ended = source.awaitEnd();

      assertEquals(MigrationState.UNDECIDED, ended.state(), ended::toString);
      String error = ended.error().orElseThrow();
      assertTrue(
          error.contains("(the destination did not say that it goes on within 10 s)"), error);
      assertTrue(error.endsWith(destination.get()), "the proof that it was told, too");
      assertEquals(Ownership.MOVED, source.admin().status().ownership());
    }
  }

  /** Says all that a destination has to but the last word; returns the proof. */
  private static String takeIn(ServerSocketChannel server) throws Exception {
    try (SocketChannel source = server.accept()) {
      source.read(ByteBuffer.allocate(Integer.BYTES)); // Frames.MAGIC, sent at once
      Frames frames = new Frames(source);
      frames.receive(FrameType.OFFER, Offer.LONGEST);
      frames.send(FrameType.ACCEPT, new byte[0]);
      Frames.RamInput memory = frames.ramInput();
      ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
      while (memory.read(buffer.clear()) >= 0) {
        // it is dropped
      }
      frames.receive(FrameType.END, 1);
      frames.send(FrameType.READY, ByteBuffer.allocate(Long.BYTES).putLong(memory.sum()).array());
      String proof = frames.receive(Offer.LONGEST).text();
      source.read(ByteBuffer.allocate(1)); // until the source closes
      return proof;
    }
  }
}
