package holdfast.monitor.qmp.internal.server;

import holdfast.host.linux.files.SocketFile;
import holdfast.host.linux.files.SocketFileException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.config.QmpDefinition.Address;
import holdfast.machine.config.QmpDefinition.Stdio;
import holdfast.machine.config.QmpDefinition.Tcp;
import holdfast.machine.config.QmpDefinition.Unix;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A place to which clients connect, and those that have come. Thread-safe. */
public final class SocketDoor implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SocketDoor.class);

  /** Which the product shows. */
  private static final Logger PROGRESS = LoggerFactory.getLogger("holdfast.progress");

  /** How long to wait before the next client is accepted, when the host can't give one more. */
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final String place;
  private volatile @Nullable Open open;
  private final String failure;
  private final CountDownLatch firstClient = new CountDownLatch(1);
  private volatile boolean closed;

  /** How long to wait before it is looked again whether another process has left the place. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** After so many looks it is tried to connect, since a killed process leaves its socket. */
  private static final int LOOKS = 40;

  /** What there is while clients can connect. */
  private record Open(Listener listener, Monitor monitor) {}

  private SocketDoor(String place, @Nullable Open open, String failure) {
    this.place = place;
    this.open = open;
    this.failure = failure;
  }

  /**
   * Opens a place; if that can't be done, {@link #failure} says why.
   *
   * @param endProcess ends the process; empty where that is not this project's to do
   * @param version of this project
   * @param takesOver whether to wait for the end of another process that listens there
   */
  public static SocketDoor open(
      Address address,
      MachineAdmin admin,
      Optional<Runnable> endProcess,
      String version,
      boolean takesOver) {
    Opening opening =
        () -> {
          Open made = new Open(listener(address), new Monitor(admin, endProcess, version));
          LOG.info("QMP clients can connect to {}", address);
          return made;
        };
    try {
      SocketDoor door = new SocketDoor(address.toString(), opening.open(), "");
      Thread.ofVirtual().name("holdfast-qmp " + address).start(door::accept);
      return door;
    } catch (SocketFileException e) {
      if (takesOver && e.isTaken()) {
        SocketDoor door = new SocketDoor(address.toString(), null, "");
        Thread.ofVirtual()
            .name("holdfast-qmp " + address)
            .start(() -> door.takeOver(opening, e.path()));
        return door;
      }
      return closed(address.toString(), "" + e.getMessage());
    } catch (IOException e) {
      return closed(
          address.toString(),
          "QMP at " + address + ": " + e.getMessage() + "; choose another port");
    }
  }

  /** Returns one that nobody can connect to. */
  public static SocketDoor closed(String place, String failure) {
    return new SocketDoor(place, null, failure);
  }

  private interface Opening {
    Open open() throws IOException;
  }

  /** Waits until another process has left the place, of which no event tells. */
  private void takeOver(Opening opening, Path path) {
    LOG.info("QMP at {}: the process that listens there now is to end first", place);
    while (!closed) {
      try {
        Open made = opening.open();
        open = made;
        if (closed) {
          made.listener().close();
        }
        accept();
        return;
      } catch (SocketFileException e) {
        if (!e.isTaken()) {
          LOG.error("{}", e.getMessage());
          return;
        }
        awaitChange(path);
      } catch (IOException e) {
        LOG.error("QMP at {}: {}", place, e.getMessage());
        return;
      }
    }
  }

  private void awaitChange(Path path) {
    for (int look = 0; look < LOOKS && !closed && Files.exists(path); look++) {
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  private static Listener listener(Address address) throws IOException {
    return switch (address) {
      case Unix(var path) -> new SocketListener(SocketFile.open("QMP", path));
      case Tcp(var host, var port) -> TcpListener.open(new InetSocketAddress(host, port));
      case Stdio stdio -> new StdioListener();
    };
  }

  private void accept() {
    Open there = open;
    while (there != null && !closed) {
      try {
        ByteChannel client = there.listener().accept();
        firstClient.countDown();
        // not virtual: a command can be long in native code, which blocks the carrier of others
        Thread.ofPlatform()
            .daemon()
            .name("holdfast-qmp-client")
            .start(() -> serve(there.monitor(), client));
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        LOG.warn("QMP at {}: no client can be accepted: {}", place, e.getMessage());
        LockSupport.parkNanos(RETRY_NANOS); // out of descriptors, for example: some will be free
      }
    }
  }

  private void serve(Monitor served, ByteChannel client) {
    try (client) {
      if (!served.serve(client, place.startsWith("tcp:"))) {
        LOG.warn("QMP at {}: there are {} clients, and no more", place, Monitor.MAX_CLIENTS);
      }
    } catch (IOException e) {
      LOG.debug("closing a client", e);
    }
  }

  /** Returns where it is, or was to be. */
  public String place() {
    return place;
  }

  /** Returns why nobody can connect, as a sentence; empty if clients can. */
  public Optional<String> failure() {
    return failure.isEmpty() ? Optional.empty() : Optional.of(failure);
  }

  /** Waits until the first client has come, or the place is closed. */
  public void awaitClient() throws InterruptedException {
    if (failure.isEmpty() && firstClient.getCount() > 0) {
      PROGRESS.info("the machine waits until a QMP client connects to {}", place);
      firstClient.await();
    }
  }

  /** Tells clients that the process ends. */
  public void processEnds() {
    Open there = open;
    if (there != null) {
      there.monitor().processEnds();
    }
  }

  /** Lets no more clients in, and ends them after they were told what they are still to be told. */
  @Override
  public void close() {
    closed = true;
    firstClient.countDown();
    Open there = open;
    if (there != null) {
      there.listener().close();
      there.monitor().close();
    }
  }
}
