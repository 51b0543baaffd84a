package holdfast.machine.migration.internal.course;

import holdfast.machine.admin.BusyException;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Machine;
import holdfast.machine.core.MachineException;
import holdfast.machine.core.Region;
import holdfast.machine.core.RegionLease;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Keeps a machine as it is: nothing is plugged, added, removed, swapped or changed until it is
 * closed. Thread-safe.
 */
public final class Hold implements AutoCloseable {
  /** How long to wait for somebody who just changes a memory backend. */
  private static final Duration LIMIT = Duration.ofSeconds(1);

  private final Machine machine;
  private final List<RegionLease> leases = new ArrayList<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  private Hold(Machine machine) {
    this.machine = machine;
  }

  /**
   * Takes hold of a machine.
   *
   * @throws BusyException if it is being changed; then nothing is held
   */
  public static Hold of(Machine machine) throws BusyException {
    try {
      machine.freeze("the guest is migrating: change the machine when that is over");
    } catch (MachineException e) {
      throw new BusyException(e);
    }
    Hold hold = new Hold(machine);
    boolean complete = false;
    try {
      for (Backend backend : machine.backends()) {
        hold.acquire(backend.region());
      }
      complete = true;
      return hold;
    } finally {
      if (!complete) {
        hold.close();
      }
    }
  }

  private void acquire(Region region) throws BusyException {
    Optional<RegionLease> lease = region.acquire(LIMIT);
    if (lease.isEmpty()) {
      throw new BusyException(
          "memory backend '"
              + region.id()
              + "' is being swapped, copied or changed: migrate when that is over");
    }
    leases.add(lease.get());
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      leases.forEach(RegionLease::close);
      machine.thaw();
    }
  }
}
