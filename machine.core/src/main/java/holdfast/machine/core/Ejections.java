package holdfast.machine.core;

import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.NoSuchDeviceException;
import holdfast.machine.admin.Retention;
import holdfast.machine.admin.Unplugging;
import holdfast.machine.api.Ejection;
import holdfast.machine.api.MemoryDevice;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The devices of a machine that the guest has been asked to give up. Thread-safe. */
final class Ejections implements MachineWatcher {
  private static final Logger LOG = LoggerFactory.getLogger(Ejections.class);

  private final AdminEvents events;
  private final Map<MemoryDevice, Asked> pending = new ConcurrentHashMap<>();

  Ejections(AdminEvents events) {
    this.events = events;
  }

  /**
   * Returns the request about a device, a new one unless the guest has not answered the last.
   *
   * @param removal unplugs it, when the guest gives it up
   */
  Asked of(MemoryDevice device, Removal removal) {
    Asked asked = pending.computeIfAbsent(device, one -> new Asked(one, removal));
    asked.removal = removal; // who asked last says what else goes with the device
    return asked;
  }

  /** Ends the request about a device, if any, since it was taken away without the guest. */
  @Override
  public void deviceUnplugged(MemoryDevice device) {
    Asked asked = pending.get(device);
    if (asked != null && asked.claim()) {
      asked.end(new Unplugging.Unplugged(Retention.NOTHING_TO_STORE));
    }
  }

  /** Ends all requests, since the machine has ended. */
  void close() {
    for (Asked asked : pending.values()) {
      if (asked.claim()) {
        asked.end(new Unplugging.Kept("the machine has ended"));
      }
    }
  }

  /** A device that the guest was asked for. */
  final class Asked implements Ejection, Unplugging {
    private final MemoryDevice device;
    private volatile Removal removal;
    private volatile boolean given;
    private final AtomicBoolean answered = new AtomicBoolean();
    private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();

    private Asked(MemoryDevice device, Removal removal) {
      this.device = device;
      this.removal = removal;
    }

    /** Takes the right to decide what becomes of it; returns false if somebody else has. */
    private boolean claim() {
      return answered.compareAndSet(false, true);
    }

    private void end(Outcome decided) {
      pending.remove(device, this);
      outcome.complete(decided);
    }

    /** Records that the emulator has taken it: from now on the guest may answer. */
    void wasGiven() {
      given = true;
    }

    /**
     * Ends it without a word to anybody but its caller, unless the guest was asked before: what
     * that gives up then still goes.
     */
    void withdraw(String reason) {
      if (!given && claim()) {
        end(new Kept(reason));
      }
    }

    @Override
    public MemoryDevice device() {
      return device;
    }

    @Override
    public String deviceId() {
      return device.id();
    }

    @Override
    public boolean isPending() {
      return !answered.get();
    }

    /**
     * Unplugs the device, since there is no guest to ask. Does nothing if that is decided.
     *
     * @throws AdminException if it can't be unplugged
     */
    void ejectNow() throws AdminException {
      if (!claim()) {
        return;
      }
      try {
        end(new Unplugged(removal.remove(device)));
      } catch (AdminException | RuntimeException | Error e) {
        end(new Kept("" + e.getMessage()));
        throw e;
      }
    }

    @Override
    public void eject() {
      if (!claim()) {
        return;
      }
      try {
        end(new Unplugged(removal.remove(device)));
      } catch (NoSuchDeviceException e) {
        end(new Unplugged(Retention.NOTHING_TO_STORE));
      } catch (AdminException e) {
        keep("the guest has given it up, but " + e.getMessage());
      } catch (RuntimeException | Error e) {
        keep("the guest has given it up, but it could not be unplugged (" + e + ")");
        throw e;
      }
    }

    @Override
    public void refuse(String reason) {
      if (claim()) {
        keep(reason);
      }
    }

    private void keep(String reason) {
      LOG.warn("device '{}' stays plugged: {}", device.id(), reason);
      end(new Kept(reason));
      events.publish(new AdminEvent.UnplugRefused(DeviceStatus.of(device), reason));
    }

    @Override
    public Optional<Outcome> outcome() {
      return Optional.ofNullable(outcome.getNow(null));
    }

    @Override
    public Optional<Outcome> await(Duration limit) throws InterruptedException {
      try {
        return Optional.of(outcome.get(limit.toNanos(), TimeUnit.NANOSECONDS));
      } catch (TimeoutException e) {
        return Optional.empty();
      } catch (ExecutionException e) {
        throw new IllegalStateException(e); // it is never completed so
      }
    }
  }
}
