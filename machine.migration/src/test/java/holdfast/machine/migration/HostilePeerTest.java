package holdfast.machine.migration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.Ownership;
import holdfast.machine.migration.internal.peer.FrameType;
import holdfast.machine.migration.internal.peer.Frames;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whoever connects to a machine that waits for its guest harms himself alone; on the file system of
 * temporary files.
 */
@Timeout(300)
class HostilePeerTest {
  @TempDir private Path folder;

  private Host source;
  private Host destination;

  @BeforeEach
  void open() throws Exception {
    source = Host.open(Files.createDirectories(folder.resolve("here")));
    destination =
        Host.open(Files.createDirectories(folder.resolve("there")), "-incoming", "unix:" + in());
  }

  @AfterEach
  void close() throws Exception {
    source.close();
    destination.close();
  }

  private Path in() {
    return folder.resolve("in");
  }

  private SocketChannel connect() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(in()));
  }

  /** Sends as long as the other side takes it; returns when that has closed the connection. */
  private static void sendUntilClosed(SocketChannel channel, ByteBuffer bytes) throws IOException {
    try {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.shutdownOutput();
      while (channel.read(ByteBuffer.allocate(4096)) >= 0) {
        // what it answers
      }
    } catch (IOException e) {
      // it is closed
    }
  }

  private static ByteBuffer frame(FrameType type, int length, byte[] content) {
    int code = type == FrameType.OFFER ? 1 : type == FrameType.RAM ? 2 : 5;
    return ByteBuffer.allocate(9 + content.length)
        .putInt(Frames.MAGIC)
        .put((byte) code)
        .putInt(length)
        .put(content)
        .flip();
  }

  private void requireUntouched() throws Exception {
    assertEquals(Ownership.AWAITED, destination.admin().status().ownership());
    try (var files = Files.list(folder.resolve("there"))) {
      assertEquals(2, files.count(), "no note beside the files");
    }
  }

  /** The guest still comes when it really does. */
  private void requireMigration() throws Exception {
    Cpu here = source.cpu("nv0");
    Cpu there = destination.cpu("nv0");
    Host.progress(here);
    source.admin().migration().setParameters(Map.of("max-bandwidth", "0"));
    source.admin().migration().migrate("unix:" + in());
    assertEquals(MigrationState.COMPLETED, source.awaitEnd().state(), source.status()::toString);
    Host.progress(there);
  }

  @Test
  @DisplayName("random bytes, huge lengths, frames out of order and JSON that isn't one")
  void garbage() throws Exception {
    Random random = new Random(3);
    List<ByteBuffer> sent = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      byte[] bytes = new byte[random.nextInt(1, 5000)];
      random.nextBytes(bytes);
      sent.add(ByteBuffer.wrap(bytes));
      sent.add(ByteBuffer.allocate(4 + bytes.length).putInt(Frames.MAGIC).put(bytes).flip());
    }
    for (int length : new int[] {-1, Integer.MAX_VALUE, Integer.MIN_VALUE, 1 << 21}) {
      sent.add(frame(FrameType.OFFER, length, new byte[100]));
    }
    sent.add(frame(FrameType.RAM, 4, new byte[4]));
    sent.add(frame(FrameType.END, 1, new byte[1]));
    String deep = "[".repeat(20_000);
    for (String json :
        List.of(
            "",
            "null",
            "[]",
            "{",
            "{}",
            "{\"version\":1}",
            deep,
            "{\"version\":" + deep,
            "{\"version\":99999999999999999999}",
            "{\"version\":1,\"id\":\"\\u001b[2J\"}")) {
      byte[] text = json.getBytes(StandardCharsets.UTF_8);
      sent.add(frame(FrameType.OFFER, text.length, text));
    }
    for (ByteBuffer one : sent) {
      try (SocketChannel channel = connect()) {
        sendUntilClosed(channel, one);
      }
    }
    requireUntouched();
    requireMigration();
  }

  @Test
  @DisplayName("clients that say nothing keep nobody out, nor does one that begins and stops")
  void silent() throws Exception {
    List<SocketChannel> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 40; i++) {
        SocketChannel client = connect();
        clients.add(client);
        if (i % 2 == 0) {
          client.write(ByteBuffer.allocate(4).putInt(Frames.MAGIC).flip());
        }
      }
      requireMigration();
    } finally {
      for (SocketChannel client : clients) {
        client.close();
      }
    }
  }

  @Test
  @DisplayName("a second source is refused while the first one sends, and the first goes on")
  void second() throws Exception {
    Cpu here = source.cpu("nv0");
    destination.cpu("nv0");
    Host.progress(here);
    source.admin().migration().setParameters(Map.of("max-bandwidth", "1M"));
    source.admin().migration().migrate("unix:" + in());
    destination.await(MigrationState.ACTIVE);
    try (Host other = Host.open(Files.createDirectories(folder.resolve("other")))) {
      other.cpu("nv0");
      other.admin().migration().migrate("unix:" + in());
      assertNotEquals(MigrationState.COMPLETED, other.awaitEnd().state());
      String error = other.status().error().orElseThrow();
      assertTrue(error.contains("another migration"), error);
    }
    source.admin().migration().setParameters(Map.of("max-bandwidth", "0"));
    assertEquals(MigrationState.COMPLETED, source.awaitEnd().state());
  }
}
