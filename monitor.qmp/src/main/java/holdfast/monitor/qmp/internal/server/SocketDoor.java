package holdfast.monitor.qmp.internal.server;

import holdfast.machine.admin.MachineAdmin;
import holdfast.monitor.qmp.internal.server.SocketFile.SocketException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A UNIX socket and the clients that come by it. Thread-safe. */
public final class SocketDoor implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SocketDoor.class);

  /** How long to wait before the next client is accepted, when the host can't give one more. */
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final String place;
  private final @Nullable SocketFile socket;
  private final @Nullable Monitor monitor;
  private final String failure;
  private volatile boolean closed;

  private SocketDoor(
      String place, @Nullable SocketFile socket, @Nullable Monitor monitor, String failure) {
    this.place = place;
    this.socket = socket;
    this.monitor = monitor;
    this.failure = failure;
  }

  /**
   * Opens a socket; if that can't be done, {@link #failure} says why.
   *
   * @param place its path
   * @param endProcess ends the process; empty where that is not this project's to do
   * @param version of this project
   */
  public static SocketDoor open(
      String place, MachineAdmin admin, Optional<Runnable> endProcess, String version) {
    try {
      SocketFile socket = SocketFile.open(Path.of(place));
      SocketDoor door = new SocketDoor(place, socket, new Monitor(admin, endProcess, version), "");
      Thread.ofVirtual().name("holdfast-qmp " + place).start(door::accept);
      LOG.info("QMP clients can connect to {}", place);
      return door;
    } catch (SocketException e) {
      LOG.error("{}", e.getMessage());
      return new SocketDoor(place, null, null, e.getMessage());
    } catch (InvalidPathException e) {
      String sentence = "QMP socket: " + e.getMessage() + "; write another path";
      LOG.error("{}", sentence);
      return new SocketDoor(place, null, null, sentence);
    }
  }

  private void accept() {
    SocketFile listening = socket;
    Monitor served = monitor;
    while (listening != null && served != null && !closed) {
      try {
        SocketChannel client = listening.accept();
        Thread.ofVirtual().name("holdfast-qmp-client").start(() -> serve(served, client));
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        LOG.warn("QMP socket {}: no client can be accepted: {}", place, e.getMessage());
        LockSupport.parkNanos(RETRY_NANOS); // out of descriptors, for example: some will be free
      }
    }
  }

  private void serve(Monitor served, SocketChannel client) {
    try (client) {
      if (!served.serve(client)) {
        LOG.warn("QMP socket {}: there are {} clients, and no more", place, Monitor.MAX_CLIENTS);
      }
    } catch (IOException e) {
      LOG.debug("closing a client", e);
    }
  }

  /** Returns where the socket is, or was to be. */
  public String place() {
    return place;
  }

  /** Returns why there is no socket, as a sentence; empty if there is one. */
  public Optional<String> failure() {
    return failure.isEmpty() ? Optional.empty() : Optional.of(failure);
  }

  /**
   * Removes the socket, and ends the clients after they were told what they are still to be told.
   */
  @Override
  public void close() {
    closed = true;
    if (socket != null) {
      socket.close();
    }
    if (monitor != null) {
      monitor.close();
    }
  }
}
