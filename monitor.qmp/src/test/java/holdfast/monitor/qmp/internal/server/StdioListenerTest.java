package holdfast.monitor.qmp.internal.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Standard input and output as a client: here a pipe and a file. */
@Timeout(60)
class StdioListenerTest {
  @TempDir Path folder;

  @Test
  @DisplayName("the thread that waits for more input ends with the client, and output stays open")
  void readerEnds() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    try (FileChannel in =
            FileChannel.open(pipe, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileChannel keyboard = FileChannel.open(pipe, StandardOpenOption.WRITE);
        FileChannel out =
            FileChannel.open(
                folder.resolve("out"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        StdioListener listener = new StdioListener(in, out)) {
      ByteChannel client = listener.accept();
      keyboard.write(ByteBuffer.wrap(new byte[] {1}));
      assertEquals(1, client.read(ByteBuffer.allocate(2)));
      CompletableFuture<Throwable> blocked =
          CompletableFuture.supplyAsync(
              () ->
                  assertThrows(
                      ClosedChannelException.class, () -> client.read(ByteBuffer.allocate(1))));
      client.close();

      assertTrue(blocked.get() instanceof ClosedChannelException);
      assertTrue(out.isOpen());
      assertThrows(ClosedChannelException.class, () -> client.write(ByteBuffer.allocate(1)));
      listener.close();
      assertThrows(ClosedChannelException.class, listener::accept);
      assertEquals(0, Files.size(folder.resolve("out")));
    }
  }
}
