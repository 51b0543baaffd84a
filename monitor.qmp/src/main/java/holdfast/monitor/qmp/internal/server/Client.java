package holdfast.monitor.qmp.internal.server;

import holdfast.monitor.qmp.internal.wire.JsonText;
import holdfast.monitor.qmp.internal.wire.MessageScanner;
import holdfast.monitor.qmp.internal.wire.MessageScanner.Scanned;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.time.Duration;
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
  static final Duration FAREWELL = Duration.ofSeconds(1);

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

    /** Called in the client's thread when a command was answered, or its client is gone. */
    void answered();

    /** Returns whether clients are served. */
    boolean isOpen();
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
    // not virtual: standard output can block the carrier of all virtual threads
    Thread.ofPlatform().daemon().name("holdfast-qmp-writer").start(this::write);
    try {
      outbox.answer(JsonText.write(session.greeting()), false);
      read();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.debug("{}: {}", name, e.getMessage());
    } finally {
      outbox.close();
      awaitFarewell(System.nanoTime() + FAREWELL.toNanos());
      closeChannel();
    }
  }

  private void read() throws IOException, InterruptedException {
    Queue<Scanned> found = new ArrayDeque<>();
    MessageScanner scanner = new MessageScanner(found::add);
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    while (channel.read(buffer.clear()) >= 0) {
      scanner.scan(buffer.array(), 0, buffer.position());
      for (Scanned next = found.poll(); next != null; next = found.poll()) {
        if (!answer(next)) {
          return;
        }
      }
    }
  }

  /** Answers one message; returns false if the client is to be served no longer. */
  private boolean answer(Scanned message) throws InterruptedException {
    try {
      byte[] answer = JsonText.write(session.answer(message));
      if (session.hearsEvents()) {
        surroundings.awaitEvents();
      }
      boolean taken = outbox.answer(answer, session.isNegotiated());
      session.answered();
      return taken && !session.isHopeless() && surroundings.isOpen();
    } finally {
      surroundings.answered();
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
    if (!outbox.event(event)) {
      LOG.warn(
          "{} reads nothing and leaves more than {} bytes of events unread: it is disconnected",
          name,
          Outbox.MAX_BYTES);
      outbox.close();
      closeChannel();
    }
  }

  /** Tells it no more than what it is still to be told. */
  void sayFarewell() {
    outbox.close();
  }

  /** Ends the client when it has what it is still to be told, at the latest at a time. */
  void close(long latest) {
    awaitFarewell(latest);
    closeChannel();
  }

  private void awaitFarewell(long latest) {
    try {
      if (!written.await(latest - System.nanoTime(), TimeUnit.NANOSECONDS)) {
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
