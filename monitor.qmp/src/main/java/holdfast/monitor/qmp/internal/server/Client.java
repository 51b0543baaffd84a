package holdfast.monitor.qmp.internal.server;

import holdfast.monitor.qmp.internal.wire.JsonText;
import holdfast.monitor.qmp.internal.wire.MessageScanner;
import holdfast.monitor.qmp.internal.wire.MessageScanner.Scanned;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connected client. One thread reads its commands and answers them, in their order; another one
 * writes. So a client that doesn't read stops nobody but itself.
 */
final class Client {
  private static final Logger LOG = LoggerFactory.getLogger(Client.class);
  private static final int BUFFER = 1 << 16;

  /** How long a client has to read its last answers when the monitor ends. */
  private static final long FAREWELL_MILLIS = 1_000;

  private final String name;
  private final ByteChannel channel;
  private final Session session;
  private final Surroundings surroundings;
  private final Outbox outbox = new Outbox();
  private final CountDownLatch written = new CountDownLatch(1);

  /** What a client's commands have to do with others. */
  interface Surroundings {
    /** Returns when clients have been told of everything that has happened so far. */
    void awaitEvents() throws InterruptedException;

    /** Called when a command was answered. */
    void answered();
  }

  /**
   * @param name what messages call it
   * @param surroundings keeps answers behind the events that the command caused
   */
  Client(String name, ByteChannel channel, Session session, Surroundings surroundings) {
    this.name = name;
    this.channel = channel;
    this.session = session;
    this.surroundings = surroundings;
  }

  /** Serves the client until it goes, or is closed. */
  void serve() {
    Thread writer = Thread.ofVirtual().name("holdfast-qmp-writer").start(this::write);
    try {
      outbox.answer(JsonText.write(session.greeting()));
      read();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.debug("{}: {}", name, e.getMessage());
    } finally {
      outbox.close();
      awaitFarewell();
      closeChannel();
      writer.interrupt();
    }
  }

  private void read() throws IOException, InterruptedException {
    Queue<Scanned> found = new ArrayDeque<>();
    MessageScanner scanner = new MessageScanner(found::add);
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    while (channel.read(buffer.clear()) >= 0) {
      scanner.scan(buffer.array(), 0, buffer.position());
      for (Scanned next = found.poll(); next != null; next = found.poll()) {
        byte[] answer = JsonText.write(session.answer(next));
        surroundings.awaitEvents();
        if (!outbox.answer(answer)) {
          return;
        }
        surroundings.answered();
      }
    }
  }

  private void write() {
    try {
      for (byte[] message = outbox.next(); message != null; message = outbox.next()) {
        ByteBuffer rest = ByteBuffer.wrap(message);
        while (rest.hasRemaining()) {
          channel.write(rest);
        }
        outbox.sent();
      }
    } catch (IOException e) {
      LOG.debug("{}: {}", name, e.getMessage());
    } catch (InterruptedException e) {
      LOG.debug("{} is given up", name);
    } finally {
      outbox.close();
      written.countDown();
      closeChannel();
    }
  }

  /** Tells the client of an event, if it listens. */
  void tell(byte[] event) {
    if (session.hearsEvents() && !outbox.event(event) && written.getCount() > 0) {
      LOG.warn(
          "{} reads nothing and leaves more than {} bytes of events unread: it is disconnected",
          name,
          Outbox.MAX_BYTES);
      outbox.close();
      closeChannel();
    }
  }

  /** Ends the client after it was given what it is still to be told, or a second has passed. */
  void close() {
    outbox.close();
    awaitFarewell();
    closeChannel();
  }

  private void awaitFarewell() {
    try {
      if (!written.await(FAREWELL_MILLIS, TimeUnit.MILLISECONDS)) {
        LOG.debug("{} does not read its last answers", name);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void closeChannel() {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("{}", name, e);
    }
  }
}
