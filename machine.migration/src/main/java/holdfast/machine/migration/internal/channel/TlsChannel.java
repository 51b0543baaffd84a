package holdfast.machine.migration.internal.channel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection with TLS. Who reads decrypts and who writes encrypts, in its own thread; what is
 * read goes straight into the reader's buffer if a record fits there.
 *
 * <p>{@link #handshake} comes first, by one thread. Then thread-safe as {@link PeerChannel} says.
 */
final class TlsChannel implements PeerChannel {
  private static final Logger LOG = LoggerFactory.getLogger(TlsChannel.class);

  /** How long the peer is waited for at the end. */
  static final Duration FAREWELL = Duration.ofSeconds(2);

  /** How many records go through the socket in one call: 256 KiB of content, and one more. */
  private static final int RECORDS = 17;

  /** That of a session before there are keys. */
  private static final String NO_PROTOCOL = "NONE";

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final SocketChannel socket;
  private final String peer;
  private final SSLEngine engine;
  private final AtomicBoolean closed = new AtomicBoolean();

  /** Who has it may decrypt. It is never taken by who waits for {@code out}. */
  private final ReentrantLock in = new ReentrantLock();

  /** What came of the socket and is not decrypted. */
  private ByteBuffer encrypted;

  /** What was decrypted for a buffer that had no room for a record. */
  private ByteBuffer plain;

  private boolean ended;

  /** Who has it may encrypt. */
  private final ReentrantLock out = new ReentrantLock();

  private ByteBuffer toSend;

  /** Whether the peer has only a part of what was to be sent, so that there is no orderly end. */
  private boolean unfinished = true;

  TlsChannel(SocketChannel socket, String peer, SSLEngine engine) {
    this.socket = socket;
    this.peer = peer;
    this.engine = engine;
    int packet = engine.getSession().getPacketBufferSize();
    encrypted = ByteBuffer.allocate(packet).flip();
    toSend = ByteBuffer.allocate(packet);
    plain = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize()).flip();
  }

  /**
   * Agrees with the peer upon keys, and checks its certificate. If that fails the peer is told why,
   * and the connection is closed.
   *
   * @throws ChannelException if that can't be done, or not within the limit
   */
  void handshake(Duration limit) throws IOException {
    String lateness = "migration, " + peer + ": the TLS handshake did not come to its end";
    try (Deadline deadline = Deadline.closing(socket, limit, lateness)) {
      try {
        engine.beginHandshake();
        while (step(engine.getHandshakeStatus())) {
          // each step is small
        }
        if (engine.getSession().getProtocol().equals(NO_PROTOCOL)) {
          throw TlsFailure.hungUp(peer);
        }
        deadline.requireMet();
      } catch (SSLException e) {
        farewell();
        throw TlsFailure.explained(peer, e);
      } catch (IOException e) {
        throw deadline.explained(e);
      }
      makeRoom();
      unfinished = false;
    } catch (IOException | RuntimeException e) {
      closed.set(true);
      socket.close();
      throw e;
    }
  }

  private boolean step(HandshakeStatus status) throws IOException {
    switch (status) {
      case NEED_TASK -> runTasks();
      case NEED_WRAP -> {
        wrap(NOTHING);
        send();
      }
      case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
        if (decryptToPlain() == SSLEngineResult.Status.BUFFER_UNDERFLOW) {
          fill();
        }
        if (ended) {
          throw TlsFailure.hungUp(peer);
        }
      }
      case NOT_HANDSHAKING, FINISHED -> {
        return false;
      }
    }
    return true;
  }

  /** Exchanges the buffers of the handshake, which anybody can ask for, for those of a stream. */
  private void makeRoom() {
    int packet = engine.getSession().getPacketBufferSize();
    encrypted = ByteBuffer.allocateDirect(RECORDS * packet).put(encrypted).flip();
    toSend = ByteBuffer.allocateDirect(RECORDS * packet);
  }

  @Override
  public int read(ByteBuffer to) throws IOException {
    in.lock();
    try {
      requireOpen();
      int start = to.position();
      move(plain, to);
      while (to.hasRemaining() && !ended) {
        switch (decrypt(to)) {
          case BUFFER_UNDERFLOW -> {
            if (to.position() > start) {
              return to.position() - start;
            }
            fill();
          }
          case BUFFER_OVERFLOW -> plain = ByteBuffer.allocate(2 * plain.capacity()).flip();
          case OK, CLOSED -> {
            // OK: there may be more; CLOSED: ended says so
          }
        }
      }
      int count = to.position() - start;
      return count == 0 && ended ? -1 : count;
    } finally {
      in.unlock();
    }
  }

  /** Decrypts one record; by way of another buffer if it might not fit. */
  private SSLEngineResult.Status decrypt(ByteBuffer to) throws IOException {
    if (to.remaining() >= plain.capacity()) {
      return unwrap(to);
    }
    SSLEngineResult.Status status = decryptToPlain();
    move(plain, to);
    return status;
  }

  private SSLEngineResult.Status decryptToPlain() throws IOException {
    plain.clear();
    try {
      return unwrap(plain);
    } finally {
      plain.flip();
    }
  }

  private static void move(ByteBuffer from, ByteBuffer to) {
    int length = Math.min(from.remaining(), to.remaining());
    to.put(to.position(), from, from.position(), length);
    to.position(to.position() + length);
    from.position(from.position() + length);
  }

  private SSLEngineResult.Status unwrap(ByteBuffer to) throws IOException {
    SSLEngineResult result;
    try {
      result = engine.unwrap(encrypted, to);
    } catch (SSLException e) {
      throw isEstablished() ? TlsFailure.explained(peer, e) : e;
    }
    ended |= result.getStatus() == SSLEngineResult.Status.CLOSED;
    if (isEstablished() && !ended) {
      answer(result.getHandshakeStatus());
    }
    return result.getStatus();
  }

  private boolean isEstablished() {
    return toSend.isDirect();
  }

  /** Does what TLS itself asks for in the middle of a stream, such as new keys. */
  private void answer(HandshakeStatus status) throws IOException {
    switch (status) {
      case NEED_TASK -> runTasks();
      case NEED_WRAP -> {
        // Not waited for: who writes sends it first of all, and may be waiting for the peer, which
        // may be waiting until this thread reads on.
        if (out.tryLock()) {
          try {
            sendOwn();
          } catch (IOException e) {
            LOG.debug("{}: the next write fails, too", peer, e); // there may be more to read
          } finally {
            out.unlock();
          }
        }
      }
      case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> throw TlsFailure.renegotiation(peer);
      case NOT_HANDSHAKING, FINISHED -> {
        // nothing is asked for
      }
    }
  }

  private void sendOwn() throws IOException {
    boolean before = unfinished;
    unfinished = true;
    while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP
        && wrap(NOTHING).bytesProduced() > 0) {
      send();
    }
    unfinished = before;
  }

  private void runTasks() {
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
  }

  private void fill() throws IOException {
    encrypted.compact();
    int more;
    try {
      more = socket.read(encrypted);
    } catch (ClosedChannelException e) {
      throw e;
    } catch (IOException e) {
      throw PlainChannel.broken(peer, e);
    } finally {
      encrypted.flip();
    }
    if (more < 0) {
      throw isEstablished() ? TlsFailure.cutOff(peer) : TlsFailure.hungUp(peer);
    }
  }

  @Override
  public int write(ByteBuffer from) throws IOException {
    out.lock();
    try {
      requireOpen();
      if (unfinished) {
        throw TlsFailure.failedBefore(peer);
      }
      unfinished = true; // until all of it is
      int start = from.position();
      while (from.hasRemaining()) {
        switch (wrap(from).getStatus()) {
          case OK -> {
            // there may be more, and room for it
          }
          case BUFFER_OVERFLOW -> sendOrHear();
          case CLOSED, BUFFER_UNDERFLOW -> throw TlsFailure.peerHasEnded(peer);
        }
      }
      sendOrHear();
      unfinished = false;
      return from.position() - start;
    } finally {
      out.unlock();
    }
  }

  private SSLEngineResult wrap(ByteBuffer from) throws IOException {
    SSLEngineResult result;
    try {
      result = engine.wrap(from, toSend);
    } catch (SSLException e) {
      throw isEstablished() ? TlsFailure.explained(peer, e) : e;
    }
    if (result.getStatus() == SSLEngineResult.Status.OK
        && result.bytesProduced() == 0
        && isEstablished()) {
      throw TlsFailure.renegotiation(peer);
    }
    return result;
  }

  private void send() throws IOException {
    toSend.flip();
    try {
      while (toSend.hasRemaining()) {
        socket.write(toSend);
      }
    } catch (ClosedChannelException e) {
      throw e;
    } catch (IOException e) {
      throw PlainChannel.broken(peer, e);
    } finally {
      toSend.compact();
    }
  }

  private void sendOrHear() throws IOException {
    try {
      send();
    } catch (ChannelException broken) {
      throw whatThePeerSaid(broken);
    }
  }

  /**
   * Returns why the connection broke: a peer that refuses a certificate says so, and hangs up. The
   * connection is gone, so that this does not wait; and what else has come can still be read.
   */
  private IOException whatThePeerSaid(ChannelException broken) {
    if (in.tryLock()) {
      try {
        while (!ended && !plain.hasRemaining()) {
          if (decryptToPlain() == SSLEngineResult.Status.BUFFER_UNDERFLOW) {
            fill();
          }
        }
      } catch (ChannelException e) {
        if (e.getCause() instanceof SSLException) {
          e.addSuppressed(broken);
          return e;
        }
      } catch (IOException e) {
        LOG.debug("{}", peer, e);
      } finally {
        in.unlock();
      }
    }
    return broken;
  }

  private void requireOpen() throws ClosedChannelException {
    if (closed.get()) {
      throw new ClosedChannelException();
    }
  }

  @Override
  public String peer() {
    return peer;
  }

  @Override
  public boolean isOpen() {
    return !closed.get() && socket.isOpen();
  }

  @Override
  public void close() throws IOException {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      if (out.tryLock()) { // else a write is under way, and what it writes is cut off
        try {
          if (!unfinished) {
            farewell();
          }
        } finally {
          out.unlock();
        }
      }
    } finally {
      socket.close();
    }
  }

  /** Cuts the connection off, without a word. */
  void cut() throws IOException {
    closed.set(true);
    socket.close();
  }

  /**
   * Tells the peer that this is the end, or what was wrong, and takes what it still says: a socket
   * that is closed with something unread resets the connection, and what the peer had not read is
   * lost. In TLS 1.3 a server sends tickets that a client which only writes never reads.
   */
  private void farewell() {
    try (Deadline deadline = Deadline.closing(socket, FAREWELL, "")) {
      engine.closeOutbound();
      while (!engine.isOutboundDone() && wrapEnd().bytesProduced() > 0) {
        send();
      }
      socket.shutdownOutput();
      if (in.tryLock()) {
        try {
          while (deadline.isOpen() && socket.read(encrypted.clear()) >= 0) {
            // dropped
          }
        } finally {
          encrypted.clear().flip();
          in.unlock();
        }
      }
    } catch (IOException e) {
      LOG.debug("{}: it is gone", peer, e);
    }
  }

  private SSLEngineResult wrapEnd() throws SSLException {
    return engine.wrap(NOTHING, toSend);
  }
}
