package holdfast.monitor.qmp.internal.server;

import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.MachineAdmin;
import holdfast.monitor.qmp.internal.command.CommandTable;
import holdfast.monitor.qmp.internal.command.EventShapes;
import holdfast.monitor.qmp.internal.command.EventShapes.Event;
import holdfast.monitor.qmp.internal.command.QmpException;
import holdfast.monitor.qmp.internal.wire.JsonText;
import java.nio.channels.ByteChannel;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The clients of one machine, wherever they come from, and the events that they are told of. */
public final class Monitor implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Monitor.class);

  /** More than anybody needs; each costs two threads. */
  static final int MAX_CLIENTS = 256;

  private static final long EVENTS_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final MachineAdmin admin;
  private final Optional<Runnable> endProcess;
  private final CommandTable commands;
  private final EventShapes shapes;
  private final List<Client> clients = new CopyOnWriteArrayList<>();
  private final AtomicInteger numbers = new AtomicInteger();
  private final MachineAdmin.Subscription subscription;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition told = lock.newCondition();

  /** The number of the last event that clients were told of. Guarded by {@link #lock}. */
  private long lastTold;

  /** The thread of the client that ends the process. */
  private final AtomicReference<@Nullable Thread> quitter = new AtomicReference<>();

  private volatile boolean closed;

  /**
   * @param endProcess ends the process; empty where that is not this project's to do
   * @param version of this project
   */
  public Monitor(MachineAdmin admin, Optional<Runnable> endProcess, String version) {
    this.admin = admin;
    this.endProcess = endProcess;
    this.commands = new CommandTable(admin, this::quit, version);
    this.shapes = new EventShapes(admin.status(), commands.capabilities());
    this.subscription = admin.subscribe(this::happened);
    told(admin.lastEvent()); // those before are told to nobody
  }

  /**
   * Serves a client until it goes, or the monitor is closed.
   *
   * @param wary whether it is given up if it begins with something else than JSON
   * @return false at once if there are too many of them
   */
  public boolean serve(ByteChannel channel, boolean wary) {
    Client client =
        new Client(
            "QMP client " + numbers.incrementAndGet(),
            channel,
            new Session(commands, wary),
            new Here());
    if (clients.size() >= MAX_CLIENTS) {
      return false;
    }
    clients.add(client);
    try {
      if (!closed) { // or nobody would close it
        client.serve();
      }
      return true;
    } finally {
      clients.remove(client);
    }
  }

  private final class Here implements Client.Surroundings {
    @Override
    public void awaitEvents() throws InterruptedException {
      long wanted = admin.lastEvent();
      long left = EVENTS_LIMIT_NANOS;
      lock.lock();
      try {
        while (lastTold < wanted && left > 0) {
          left = told.awaitNanos(left);
        }
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void answered() {
      if (Thread.currentThread().equals(quitter.get())) {
        endProcess.ifPresent(Runnable::run);
      }
    }

    @Override
    public boolean isOpen() {
      return !closed;
    }
  }

  private void happened(AdminEvent event) {
    try {
      shapes.of(event).forEach(shape -> tell(shape, event.time()));
    } finally {
      told(event.number());
    }
  }

  private void told(long number) {
    lock.lock();
    try {
      lastTold = Math.max(lastTold, number);
      told.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void tell(Event event, Instant time) {
    Map<String, Object> message = new LinkedHashMap<>();
    message.put(
        "timestamp",
        Map.of("seconds", time.getEpochSecond(), "microseconds", time.getNano() / 1000));
    message.put("event", event.name());
    if (!event.data().isEmpty()) {
      message.put("data", event.data());
    }
    byte[] bytes = JsonText.write(message);
    clients.forEach(client -> client.tell(bytes));
  }

  private void quit() throws QmpException {
    if (endProcess.isEmpty()) {
      throw QmpException.generic(
          "this process is not Holdfast's to end: stop the machine by taking its configuration away");
    }
    if (quitter.compareAndSet(null, Thread.currentThread())) {
      LOG.info("a QMP client ends the process");
      tellOfShutdown("host-qmp-quit");
    }
  }

  private void tellOfShutdown(String reason) {
    tell(new Event(EventShapes.SHUTDOWN, Map.of("guest", false, "reason", reason)), Instant.now());
  }

  /** Tells clients that the process ends, unless one of them has asked for it. */
  public void processEnds() {
    if (quitter.get() == null) {
      tellOfShutdown("host-signal");
    }
  }

  /** Ends all clients when they have what they are still to be told, within a second. */
  @Override
  public void close() {
    closed = true;
    subscription.close();
    long latest = System.nanoTime() + Client.FAREWELL.toNanos();
    clients.forEach(Client::sayFarewell);
    clients.forEach(client -> client.close(latest));
  }
}
