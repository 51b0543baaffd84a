package holdfast.vcpu.api.engine;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionState;
import holdfast.vcpu.api.VcpuException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps an engine's memory in step with the guest's: maps what is plugged, takes away what is
 * unplugged before its bytes go, and takes away what has failed, so that no guest goes on upon
 * bytes that are lost.
 *
 * <p>Thread-safe. What it knows can be asked for without a lock.
 */
public final class MemoryFollower implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(MemoryFollower.class);

  /** How many unplugged devices are remembered; more than any machine has slots. */
  private static final int REMEMBERED = 512;

  private final GuestMemory memory;
  private final GuestMapper mapper;
  private final Listener listener = new Listener();

  /** In no order, without overlaps. Replaced, never changed; written under this object's lock. */
  private volatile List<Standing> standings = List.of();

  private boolean closed;

  private MemoryFollower(GuestMemory memory, GuestMapper mapper) {
    this.memory = memory;
    this.mapper = mapper;
  }

  /**
   * Maps all present devices, and follows from now on.
   *
   * @throws VcpuException if the engine can't take one of them in; then nothing stays mapped
   */
  public static MemoryFollower open(GuestMemory memory, GuestMapper mapper) throws VcpuException {
    MemoryFollower follower = new MemoryFollower(memory, mapper);
    memory.addListener(follower.listener);
    for (Standing standing : follower.standings) {
      if (standing instanceof Standing.Refused refused) {
        follower.close();
        throw refused.reason();
      }
    }
    return follower;
  }

  /** Returns how the engine stands to {@code address}; empty if no memory is or was there. */
  public Optional<Standing> at(GuestAddress address) {
    for (Standing standing : standings) {
      if (standing.range().contains(address)) {
        return Optional.of(standing);
      }
    }
    return Optional.empty();
  }

  /** Returns the devices that the guest can access now. */
  public List<MemoryDevice> mapped() {
    List<MemoryDevice> mapped = new ArrayList<>();
    for (Standing standing : standings) {
      if (standing instanceof Standing.Mapped it) {
        mapped.add(it.device());
      }
    }
    return mapped;
  }

  /** Stops following, and takes all devices away. Does nothing if it is closed. */
  @Override
  public void close() {
    memory.removeListener(listener); // may wait for a call, which needs the lock
    synchronized (this) {
      closed = true;
      mapped().forEach(mapper::unmap);
      standings = List.of();
    }
  }

  private synchronized void add(MemoryDevice device) {
    if (closed) {
      return; // a listener that hung, and learned late
    }
    Standing standing = taken(device);
    List<Standing> changed = new ArrayList<>(standings);
    changed.removeIf(it -> it.range().overlaps(device.range())); // those that are gone
    changed.add(standing);
    standings = List.copyOf(changed);
  }

  private Standing taken(MemoryDevice device) {
    if (device.region().state() == RegionState.FAILED) {
      return new Standing.Failed(device);
    }
    try {
      mapper.map(device);
      return new Standing.Mapped(device);
    } catch (VcpuException e) {
      log.error("the guest's CPUs can't reach device '{}': {}", device.id(), e.getMessage());
      return new Standing.Refused(device, e);
    }
  }

  private synchronized void remove(MemoryDevice device) {
    List<Standing> changed = new ArrayList<>();
    for (Standing standing : standings) {
      switch (standing) {
        case Standing.Mapped(MemoryDevice it) when it == device -> mapper.unmap(device);
        case Standing.Failed(MemoryDevice it) when it == device -> {}
        case Standing.Refused(MemoryDevice it, VcpuException _) when it == device -> {}
        default -> {
          changed.add(standing);
          continue;
        }
      }
      changed.add(new Standing.Gone(device.range(), device.id()));
    }
    if (changed.size() > REMEMBERED) {
      changed.stream()
          .filter(Standing.Gone.class::isInstance)
          .findFirst()
          .ifPresent(changed::remove);
    }
    standings = List.copyOf(changed);
  }

  private synchronized void failed(MemoryRegion region) {
    List<Standing> changed = new ArrayList<>();
    for (Standing standing : standings) {
      if (standing instanceof Standing.Mapped(MemoryDevice device) && device.region() == region) {
        mapper.unmap(device);
        changed.add(new Standing.Failed(device));
      } else {
        changed.add(standing);
      }
    }
    standings = List.copyOf(changed);
  }

  private final class Listener implements GuestMemoryListener {
    @Override
    public void deviceAdded(MemoryDevice device) {
      add(device);
    }

    @Override
    public void deviceRemoved(MemoryDevice device) {
      remove(device);
    }

    @Override
    public void regionChanged(MemoryRegion region) {
      if (region.state() == RegionState.FAILED) {
        failed(region);
      }
    }
  }
}
