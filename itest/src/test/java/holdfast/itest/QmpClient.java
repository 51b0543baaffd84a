package holdfast.itest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;
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
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A client of a machine's QMP socket. */
final class QmpClient implements AutoCloseable {
  private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final SocketChannel channel;
  private final BufferedReader lines;
  private final List<Map<String, Object>> events = new ArrayList<>();

  private QmpClient(SocketChannel channel) throws IOException {
    this.channel = channel;
    this.lines = new BufferedReader(Channels.newReader(channel, UTF_8));
    assertTrue(message().containsKey("QMP"));
    run("qmp_capabilities", Map.of());
  }

  /** Connects to a machine, once its socket is there. */
  static QmpClient at(Path socket, Holdfast machine) throws IOException, InterruptedException {
    long limit = System.nanoTime() + LIMIT_NANOS;
    while (true) {
      try {
        return new QmpClient(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
      } catch (IOException notYet) {
        if (System.nanoTime() > limit) {
          throw notYet;
        }
        machine.staysFor(20);
      }
    }
  }

  private Map<String, Object> message() throws IOException {
    String line = lines.readLine();
    if (line == null) {
      throw new IOException("the connection was closed");
    }
    return JSON.std.mapFrom(line);
  }

  /** Runs a command that succeeds. */
  Object run(String command, Map<String, ?> arguments) throws IOException {
    Map<String, Object> answer = answer(command, arguments);
    if (answer.containsKey("error")) {
      fail(command + ": " + answer);
    }
    return answer.get("return");
  }

  /** Runs a command that is refused; returns why. */
  String refused(String command, Map<String, ?> arguments) throws IOException {
    Map<String, Object> answer = answer(command, arguments);
    assertTrue(answer.get("error") instanceof Map<?, ?>, () -> command + ": " + answer);
    return (String) ((Map<?, ?>) answer.get("error")).get("desc");
  }

  private Map<String, Object> answer(String command, Map<String, ?> arguments) throws IOException {
    String text = JSON.std.asString(Map.of("execute", command, "arguments", arguments));
    channel.write(ByteBuffer.wrap((text + "\n").getBytes(UTF_8)));
    while (true) {
      Map<String, Object> message = message();
      if (!message.containsKey("event")) {
        return message;
      }
      events.add(message);
    }
  }

  /** The events that have come. */
  List<Map<String, Object>> events() {
    return events;
  }

  /** The data of the first event with this name that fits. */
  Map<?, ?> await(String event, Predicate<Map<?, ?>> fits) throws IOException {
    for (int at = 0; ; at++) {
      if (at == events.size()) {
        events.add(message());
      }
      Map<String, Object> one = events.get(at);
      if (one.get("event").equals(event) && fits.test((Map<?, ?>) one.get("data"))) {
        return (Map<?, ?>) one.get("data");
      }
    }
  }

  /** Waits until the machine is up, or waits for its guest. */
  QmpClient awaitUp() throws IOException {
    Object status = ((Map<?, ?>) run("query-status", Map.of())).get("status");
    if (!Set.of("running", "inmigrate").contains(status)) {
      await("X_HOLDFAST_STATUS", data -> data.get("phase").equals("up"));
    }
    return this;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
