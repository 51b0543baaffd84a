package holdfast.machine.migration.internal.incoming;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.AdminEvents;
import holdfast.machine.core.DeviceStates;
import holdfast.machine.core.Machine;
import holdfast.machine.migration.internal.channel.Listening;
import holdfast.machine.migration.internal.channel.MigrationAddress;
import holdfast.machine.migration.internal.channel.PeerChannel;
import holdfast.machine.migration.internal.channel.TlsCredentials;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits for a machine's guest: every connection is heard, and the first that offers what fits takes
 * the only turn. Thread-safe.
 */
public final class Reception {
  private static final Logger LOG = LoggerFactory.getLogger(Reception.class);

  /** How long to wait for the connections' ends before the machine's memory goes. */
  private static final Duration END_LIMIT = Duration.ofSeconds(60);

  /** How long to wait after a connection could not be accepted. */
  private static final Duration PATIENCE = Duration.ofMillis(100);

  /** How many connections are heard at the same time. */
  private static final int MOST = 8;

  private final Machine machine;
  private final GuestWriters writers;
  private final DeviceStates states;
  private final AdminEvents events;
  private final Set<IncomingMigration> heard = new LinkedHashSet<>();
  private @Nullable Listening listening;
  private @Nullable String address;
  private @Nullable IncomingMigration turn;
  private @Nullable IncomingMigration last;
  private boolean closed;

  /**
   * @param states the parts of the emulator
   */
  public Reception(Machine machine, GuestWriters writers, DeviceStates states, AdminEvents events) {
    this.machine = machine;
    this.writers = writers;
    this.states = states;
    this.events = events;
  }

  /**
   * Listens until a guest has come.
   *
   * @throws RefusedException if it does so already
   * @throws IOException if nobody can listen there
   */
  public synchronized void listen(MigrationAddress at, Optional<TlsCredentials> tls)
      throws AdminException, IOException {
    requireFree();
    Listening opened = Listening.open(at, tls);
    listening = opened;
    address = opened.address().toString();
    LOG.info("the machine waits for its guest at {}", address);
    Thread.ofPlatform().daemon().name("holdfast-incoming").start(() -> accept(opened));
  }

  /** Reads a snapshot. */
  public synchronized void read(String name, ByteChannel snapshot)
      throws AdminException, IOException {
    try {
      requireFree();
    } catch (AdminException e) {
      snapshot.close();
      throw e;
    }
    hear(name, name, snapshot, false);
  }

  private void requireFree() throws RefusedException {
    if (closed) {
      throw new RefusedException("the machine is ending");
    }
    if (listening != null || turn != null) {
      throw new RefusedException(
          turn == null
              ? "the machine already waits for its guest at " + address
              : "a guest is just coming in");
    }
  }

  private void accept(Listening at) {
    while (true) {
      try {
        PeerChannel channel = at.accept();
        synchronized (this) {
          makeRoom();
          hear(at.address().toString(), channel.peer(), channel, true);
        }
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        LOG.warn("a sender could not be heard at {}: {}", at.address(), e.getMessage());
        LockSupport.parkNanos(PATIENCE.toNanos()); // no descriptor is free, for example
      }
    }
  }

  /** Ends the oldest connection that has not got the turn, where there are too many. */
  @SuppressWarnings("ReferenceEquality") // a connection is itself
  private void makeRoom() {
    if (heard.size() >= MOST) {
      heard.stream()
          .filter(one -> one != turn)
          .findFirst()
          .ifPresent(
              oldest -> {
                heard.remove(oldest);
                oldest.cancel();
              });
    }
  }

  private synchronized void hear(String from, String sender, ByteChannel channel, boolean answers) {
    IncomingMigration[] made = new IncomingMigration[1];
    IncomingMigration next =
        new IncomingMigration(
            new IncomingMigration.Order(
                machine,
                writers,
                events,
                states,
                from,
                sender,
                channel,
                answers,
                () -> take(made[0]),
                () -> giveBack(made[0])));
    made[0] = next;
    boolean started = false;
    try {
      heard.add(next);
      start(next);
      started = true;
    } finally {
      if (!started) { // no thread can be made
        heard.remove(next);
        next.end();
      }
    }
  }

  private void start(IncomingMigration next) {
    Thread.ofPlatform()
        .daemon()
        .name("holdfast-incoming-guest")
        .start(
            () -> {
              try {
                next.run();
              } finally {
                forget(next);
              }
            });
  }

  private synchronized boolean take(IncomingMigration one) {
    if (turn != null || closed) {
      return false;
    }
    turn = one;
    last = one;
    return true;
  }

  @SuppressWarnings("ReferenceEquality") // a connection is itself
  private synchronized void giveBack(IncomingMigration one) {
    if (turn == one) {
      turn = null;
    }
  }

  /** Forgets a connection that ended. */
  private synchronized void forget(IncomingMigration one) {
    heard.remove(one);
    settle();
  }

  /** Waits for nobody any more once the guest is here. */
  public synchronized void settle() {
    Listening open = listening;
    if (open != null
        && turn != null
        && turn.progress().status().state() == MigrationState.COMPLETED) {
      open.close();
      listening = null;
    }
  }

  /** Returns the connection whose turn it is, or was last. */
  public synchronized Optional<IncomingMigration> last() {
    return Optional.ofNullable(last);
  }

  /** Returns where a guest is waited for, if one is. */
  public synchronized Optional<String> address() {
    return Optional.ofNullable(listening == null ? null : address);
  }

  /** Ends the connection whose turn it is, unless all is here. */
  public void cancel() {
    IncomingMigration present;
    synchronized (this) {
      present = turn;
    }
    if (present != null) {
      present.cancel();
    }
  }

  /** Ends all connections, and waits for no more. */
  public void close() {
    List<IncomingMigration> left;
    synchronized (this) {
      closed = true;
      left = List.copyOf(heard);
      if (listening != null) {
        listening.close();
        listening = null;
      }
    }
    left.forEach(IncomingMigration::end);
    long end = System.nanoTime() + END_LIMIT.toNanos();
    try {
      for (IncomingMigration one : left) {
        if (!one.awaitEnd(end)) {
          LOG.error("a migration that comes in does not end");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
