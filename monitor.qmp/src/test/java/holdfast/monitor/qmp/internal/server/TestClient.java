package holdfast.monitor.qmp.internal.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A client that keeps the events that come before an answer. */
final class TestClient implements AutoCloseable {
  final SocketChannel channel;
  private final BufferedReader lines;

  /** The events since the last answer. */
  final List<Map<String, Object>> events = new ArrayList<>();

  TestClient(Path socket) throws IOException {
    channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    lines = new BufferedReader(Channels.newReader(channel, UTF_8));
  }

  /** One that has negotiated. */
  static TestClient negotiated(Path socket) throws IOException {
    TestClient client = new TestClient(socket);
    client.read();
    assertEquals(Map.of("return", Map.of()), client.send("{\"execute\":\"qmp_capabilities\"}"));
    return client;
  }

  /** The next message. */
  Map<String, Object> read() throws IOException {
    String line = lines.readLine();
    if (line == null) {
      throw new IOException("the connection was closed");
    }
    return JSON.std.mapFrom(line);
  }

  void write(byte[] bytes) throws IOException {
    ByteBuffer rest = ByteBuffer.wrap(bytes);
    while (rest.hasRemaining()) {
      channel.write(rest);
    }
  }

  /** Sends a line, and returns the answer. */
  Map<String, Object> send(String line) throws IOException {
    write((line + "\n").getBytes(UTF_8));
    events.clear();
    while (true) {
      Map<String, Object> message = read();
      if (!message.containsKey("event")) {
        return message;
      }
      events.add(message);
    }
  }

  /** Runs a command, and returns what it returns. */
  Object run(String command, Object... arguments) throws IOException {
    Map<String, Object> answer = answer(command, arguments);
    if (!answer.containsKey("return")) {
      fail(command + ": " + answer);
    }
    return answer.get("return");
  }

  /** Runs a command, and returns its answer. */
  Map<String, Object> answer(String command, Object... arguments) throws IOException {
    Map<String, Object> all = new java.util.LinkedHashMap<>();
    for (int at = 0; at < arguments.length; at += 2) {
      all.put((String) arguments[at], arguments[at + 1]);
    }
    return send(JSON.std.asString(Map.of("execute", command, "arguments", all)));
  }

  /** Asserts that a command fails in this class, with this text in its sentence. */
  void assertFails(String errorClass, String part, String command, Object... arguments)
      throws IOException {
    assertFailed(errorClass, part, answer(command, arguments));
  }

  static void assertFailed(String errorClass, String part, Map<String, Object> answer) {
    if (!(answer.get("error") instanceof Map<?, ?> error)) {
      fail("" + answer);
      return;
    }
    assertEquals(errorClass, error.get("class"), "" + error);
    if (!("" + error.get("desc")).contains(part)) {
      assertEquals(part, error.get("desc"));
    }
  }

  /** The names of the events before the last answer. */
  List<Object> eventNames() {
    return events.stream().map(event -> event.get("event")).toList();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
