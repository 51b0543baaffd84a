package holdfast.ctl;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.jr.ob.JSON;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection to a machine's QMP monitor. What comes from there is believed in nothing: a message
 * has a limited length and depth, and who isn't greeted in time is not spoken to.
 *
 * <p>Used by one thread, which can be interrupted while it waits; the connection is then still of
 * use, since an answer has the number of its command.
 */
final class Connection implements AutoCloseable {
  /** More than a machine with thousands of memory backends has to say. */
  static final int MAX_BYTES = 32 << 20;

  private static final int MAX_DEPTH = 64;
  private static final int BUFFER = 1 << 16;

  /** How long a machine may take to greet, and to agree. */
  static final Duration GREETING_LIMIT = Duration.ofSeconds(10);

  private static final Duration NO_LIMIT = Duration.ofDays(10_000);

  private static final JSON JSON_OF_QMP =
      JSON.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxStringLength(MAX_BYTES)
                          .build())
                  .build())
          .enable(JSON.Feature.WRITE_NULL_PROPERTIES)
          .build();

  private final Place place;
  private final SocketChannel channel;
  private final Selector selector;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER).flip();
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private long commands;
  private boolean ended;
  private String product = "";

  private Connection(Place place, SocketChannel channel, Selector selector) {
    this.place = place;
    this.channel = channel;
    this.selector = selector;
  }

  /**
   * Connects and negotiates.
   *
   * @param limit how long the machine may take for it
   */
  static Connection open(Place place, Duration limit) throws CtlException, InterruptedException {
    SocketChannel channel = place.connect();
    try {
      Selector selector = Selector.open();
      channel.register(selector, SelectionKey.OP_READ);
      Connection connection = new Connection(place, channel, selector);
      try {
        connection.negotiate(limit);
        return connection;
      } catch (CtlException | InterruptedException | RuntimeException e) {
        connection.close();
        throw e;
      }
    } catch (IOException e) {
      throw CtlException.unreachable("socket " + place + ": " + e.getMessage());
    }
  }

  private void negotiate(Duration limit) throws CtlException, InterruptedException {
    long latest = System.nanoTime() + limit.toNanos();
    Map<?, ?> greeting = message(latest);
    if (!(greeting.get("QMP") instanceof Map<?, ?> qmp)) {
      throw notQmp();
    }
    if (qmp.get("version") instanceof Map<?, ?> version
        && version.get("package") instanceof String name) {
      product = name;
    }
    run("qmp_capabilities", Map.of(), latest);
  }

  private CtlException notQmp() {
    return CtlException.unreachable(
        "socket "
            + place
            + ": what listens there does not speak QMP; name the socket of the"
            + " machine's -qmp");
  }

  /** Returns what the machine calls its product; empty if it doesn't say. */
  String product() {
    return product;
  }

  /**
   * Runs a command of QMP and waits for its answer.
   *
   * @return what the command returns
   * @throws CtlException if it is refused, or the connection ends
   */
  Object run(String command, Map<String, ?> arguments) throws CtlException, InterruptedException {
    return run(command, arguments, System.nanoTime() + NO_LIMIT.toNanos());
  }

  private Object run(String command, Map<String, ?> arguments, long latest)
      throws CtlException, InterruptedException {
    long number = ++commands;
    Map<String, Object> message = new LinkedHashMap<>();
    message.put("execute", command);
    message.put("arguments", arguments);
    message.put("id", number);
    write((text(message) + "\n").getBytes(UTF_8), latest);
    while (true) {
      Map<?, ?> answer = message(latest);
      if (!(answer.get("id") instanceof Number id) || id.longValue() != number) {
        continue; // an event, or the answer to a command that nobody waits for any more
      }
      if (answer.get("error") instanceof Map<?, ?> error) {
        if ("CommandNotFound".equals(error.get("class"))) {
          throw CtlException.unreachable(
              "socket "
                  + place
                  + ": what listens there speaks QMP, but doesn't know "
                  + command
                  + ": it is no machine of Holdfast's, or one of an older version");
        }
        throw CtlException.refused("" + error.get("desc"));
      }
      Object result = answer.get("return");
      if (result == null) {
        throw notQmp();
      }
      return result;
    }
  }

  /** Waits until the machine closes the connection; returns whether it did in time. */
  boolean awaitEnd(Duration limit) throws InterruptedException {
    long latest = System.nanoTime() + limit.toNanos();
    try {
      while (true) {
        message(latest);
      }
    } catch (CtlException e) {
      return ended;
    }
  }

  private void write(byte[] bytes, long latest) throws CtlException, InterruptedException {
    ByteBuffer rest = ByteBuffer.wrap(bytes);
    try {
      SelectionKey key = Objects.requireNonNull(channel.keyFor(selector));
      while (rest.hasRemaining()) {
        if (channel.write(rest) == 0) {
          key.interestOps(SelectionKey.OP_WRITE);
          try {
            await(latest);
          } finally {
            key.interestOps(SelectionKey.OP_READ);
          }
        }
      }
    } catch (ClosedByInterruptException e) {
      throw interrupted();
    } catch (IOException e) {
      throw gone();
    }
  }

  private InterruptedException interrupted() {
    ended = true; // the interrupt has closed the channel
    Thread.interrupted();
    return new InterruptedException();
  }

  private CtlException gone() {
    ended = true;
    return CtlException.unreachable(
        "the machine at " + place + " has closed the connection; it has ended, or is about to");
  }

  /** Returns the next message. */
  private Map<?, ?> message(long latest) throws CtlException, InterruptedException {
    // once for each message, since one who never stops talking lets nobody wait
    millisUntil(latest);
    byte[] bytes = line(latest);
    try {
      Map<?, ?> message = JSON_OF_QMP.mapFrom(new String(bytes, UTF_8));
      if (message != null) { // it is null for a line of null
        return message;
      }
    } catch (IOException e) {
      throw notQmp();
    }
    throw notQmp();
  }

  private byte[] line(long latest) throws CtlException, InterruptedException {
    while (true) {
      while (buffer.hasRemaining()) {
        byte next = buffer.get();
        if (next == '\n') {
          byte[] whole = line.toByteArray();
          line.reset();
          return whole;
        }
        if (line.size() == MAX_BYTES) {
          throw CtlException.unreachable(
              "the machine at " + place + " says more than " + MAX_BYTES + " bytes at once");
        }
        line.write(next);
      }
      fill(latest);
    }
  }

  private void fill(long latest) throws CtlException, InterruptedException {
    buffer.clear();
    try {
      int count = channel.read(buffer);
      while (count == 0) {
        await(latest);
        count = channel.read(buffer);
      }
      if (count < 0) {
        throw gone();
      }
    } catch (ClosedByInterruptException e) {
      throw interrupted();
    } catch (IOException e) {
      throw gone();
    } finally {
      buffer.flip();
    }
  }

  private void await(long latest) throws CtlException, InterruptedException, IOException {
    selector.select(millisUntil(latest));
    selector.selectedKeys().clear();
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }

  /** Returns how long may still be waited, at least 1 ms. */
  private long millisUntil(long latest) throws CtlException, InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException(); // before the channel is used, which would be closed by it
    }
    long millis = TimeUnit.NANOSECONDS.toMillis(latest - System.nanoTime());
    if (millis <= 0) {
      throw CtlException.unreachable(
          "the machine at "
              + place
              + " does not answer; is its process stopped, or is this another"
              + " program's socket?");
    }
    return millis;
  }

  /** Returns a value as one line of JSON. */
  static String text(@Nullable Object value) {
    try {
      return JSON_OF_QMP.asString(value);
    } catch (IOException e) {
      throw new UncheckedIOException("writing a string can't fail otherwise", e);
    }
  }

  /** Returns the maps of a list; what is none is left out. */
  static List<Map<?, ?>> maps(@Nullable Object value) {
    return value instanceof List<?> items
        ? items.stream()
            .<Map<?, ?>>mapMulti(
                (item, add) -> {
                  if (item instanceof Map<?, ?> map) {
                    add.accept(map);
                  }
                })
            .toList()
        : List.of();
  }

  @Override
  public void close() {
    try {
      selector.close();
      channel.close();
    } catch (IOException e) {
      ended = true; // nothing is left to be said
    }
  }
}
