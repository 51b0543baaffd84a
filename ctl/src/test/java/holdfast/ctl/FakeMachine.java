package holdfast.ctl;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** What listens at a socket, and says what a test wants. */
final class FakeMachine implements AutoCloseable {
  static final String GREETING = "{\"QMP\":{\"version\":{\"package\":\"Fake 1\"}}}\r\n";

  private final ServerSocketChannel server;

  private final CompletableFuture<SocketChannel> served = new CompletableFuture<>();

  /** The commands that were received after the negotiation. */
  final List<Map<String, Object>> commands = new ArrayList<>();

  /**
   * @param greeting what a client is told first; nothing more if it is no greeting
   * @param answers what follows {@code "id":N,} in the answer to a command
   */
  FakeMachine(Path socket, String greeting, Function<Map<String, Object>, String> answers)
      throws IOException {
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofPlatform().daemon().start(() -> serve(greeting, answers));
  }

  private void serve(String greeting, Function<Map<String, Object>, String> answers) {
    try (SocketChannel client = server.accept()) {
      served.complete(client);
      write(client, greeting);
      BufferedReader lines = new BufferedReader(Channels.newReader(client, UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Map<String, Object> command = JSON.std.mapFrom(line);
        boolean negotiation = command.get("execute").equals("qmp_capabilities");
        if (!negotiation) {
          commands.add(command);
        }
        String answer = negotiation ? "\"return\":{}" : answers.apply(command);
        if (answer.isEmpty()) {
          return;
        }
        write(client, "{\"event\":\"X\",\"data\":{}}\r\n{\"id\":" + command.get("id") + ",");
        write(client, answer + "}\r\n");
      }
    } catch (IOException e) {
      // the client has gone
    }
  }

  private static void write(SocketChannel client, String text) throws IOException {
    ByteBuffer rest = ByteBuffer.wrap(text.getBytes(UTF_8));
    while (rest.hasRemaining()) {
      client.write(rest);
    }
  }

  /** Ends the connection, as a machine does that ends, when its last answer was written. */
  void end() throws IOException {
    served.join().shutdownInput();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
