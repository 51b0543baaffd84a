package holdfast.machine.migration.internal.channel;

import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where clients are until TLS has shown who they are. Each has a thread of its own, so that none
 * waits for another; where there are too many, the one goes that is there for the longest time: it
 * alone has had its time, whatever it said. Thread-safe.
 */
final class Lobby implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Lobby.class);

  /** How many clients are there at the same time whom nobody knows. */
  static final int MOST = 8;

  /** How long a client may take to show who it is. */
  private static final Duration HANDSHAKE = Duration.ofSeconds(10);

  /** How long to wait before the next client is accepted, when the host can't give one more. */
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final MigrationAddress address;
  private final Listening.Door door;
  private final TlsCredentials tls;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final SequencedSet<TlsChannel> unknown = new LinkedHashSet<>();
  private final Deque<TlsChannel> known = new ArrayDeque<>();
  private boolean closed;

  private Lobby(MigrationAddress address, Listening.Door door, TlsCredentials tls) {
    this.address = address;
    this.door = door;
    this.tls = tls;
  }

  /** Lets clients in until it is closed, after its door. */
  static Lobby open(MigrationAddress address, Listening.Door door, TlsCredentials tls) {
    Lobby lobby = new Lobby(address, door, tls);
    Thread.ofVirtual().name("holdfast-migration " + address).start(lobby::letIn);
    return lobby;
  }

  private void letIn() {
    while (true) {
      try {
        enter(door.accept());
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        LOG.warn("migration, {}: no sender can be accepted: {}", address, e.getMessage());
        LockSupport.parkNanos(RETRY_NANOS); // out of descriptors, for example: some will be free
      }
    }
  }

  private void enter(SocketChannel socket) {
    TlsChannel client = new TlsChannel(socket, Listening.sender(address, socket), tls.server());
    Optional<TlsChannel> tooMany;
    lock.lock();
    try {
      unknown.add(client);
      tooMany =
          closed
              ? Optional.of(client)
              : unknown.size() > MOST ? Optional.of(unknown.getFirst()) : Optional.empty();
      tooMany.ifPresent(unknown::remove);
    } finally {
      lock.unlock();
    }
    if (tooMany.isPresent()) {
      LOG.debug("migration, {}: a client that had not shown who it is was cut off", address);
      cut(tooMany.get());
    }
    Thread.ofVirtual().name("holdfast-migration-client").start(() -> greet(client));
  }

  private void greet(TlsChannel client) {
    boolean wanted = false;
    try {
      client.handshake(HANDSHAKE);
      wanted = admit(client);
    } catch (ClosedChannelException e) {
      LOG.debug("migration, {}: cut off in its handshake", address);
    } catch (IOException e) {
      LOG.warn("a client was refused: {}", e.getMessage());
    } finally {
      if (!wanted) {
        forget(client);
        cut(client);
      }
    }
  }

  private boolean admit(TlsChannel client) {
    lock.lock();
    try {
      unknown.remove(client);
      if (closed || known.size() == MOST) {
        return false;
      }
      known.add(client);
      changed.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void forget(TlsChannel client) {
    lock.lock();
    try {
      unknown.remove(client);
    } finally {
      lock.unlock();
    }
  }

  /** Waits for the next client that has shown who it is. */
  PeerChannel next() throws ClosedChannelException {
    lock.lock();
    try {
      while (!closed && known.isEmpty()) {
        changed.await();
      }
      if (closed) {
        throw new AsynchronousCloseException();
      }
      return known.remove();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClosedByInterruptException();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    List<TlsChannel> left = new ArrayList<>();
    lock.lock();
    try {
      closed = true;
      left.addAll(unknown);
      left.addAll(known);
      unknown.clear();
      known.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    left.forEach(Lobby::cut);
  }

  private static void cut(TlsChannel client) {
    try {
      client.cut();
    } catch (IOException e) {
      LOG.debug("closing a client", e);
    }
  }
}
