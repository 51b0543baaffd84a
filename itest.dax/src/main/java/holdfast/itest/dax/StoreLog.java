package holdfast.itest.dax;

import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.MemoryRegion;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the guest writer stored, for kernels that don't know it: before Linux 6.7, and of memory on
 * DAX. A store is logged when it is done, so that one under way is handed out next time.
 */
final class StoreLog implements DirtyLog {
  private final Map<MemoryRegion, List<Stored>> logged = new HashMap<>();

  private record Stored(long offset, long length) {}

  @Override
  public synchronized void start(MemoryRegion region) {
    logged.put(region, new ArrayList<>());
  }

  /** Logs a store that is done, if the region is logged. */
  synchronized void stored(MemoryRegion region, long offset, long length) {
    List<Stored> log = logged.get(region);
    if (log != null) {
      log.add(new Stored(offset, length));
    }
  }

  @Override
  public void collect(MemoryRegion region, Ranges into) {
    List<Stored> taken;
    synchronized (this) {
      taken = logged.put(region, new ArrayList<>());
    }
    if (taken != null) {
      taken.forEach(one -> into.add(one.offset, one.length));
    }
  }

  @Override
  public synchronized void stop(MemoryRegion region) {
    logged.remove(region);
  }
}
