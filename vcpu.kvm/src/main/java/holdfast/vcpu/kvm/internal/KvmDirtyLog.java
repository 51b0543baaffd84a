package holdfast.vcpu.kvm.internal;

import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.MemoryRegion;
import holdfast.vcpu.api.VcpuException;
import java.util.BitSet;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * One reader's part of KVM's dirty log, page by page: what all vCPUs of the machine stored, the
 * accessed and dirty bits of the guest's own page tables among it. KVM forgets what it has told,
 * and each vCPU's writer has a log of its own: so whatever one of them asks for is kept for all
 * others.
 */
public final class KvmDirtyLog implements DirtyLog {
  private final KvmSlots slots;

  /** The pages that were stored to since the last look; by region. */
  private final Map<MemoryRegion, BitSet> dirty = new IdentityHashMap<>();

  KvmDirtyLog(KvmSlots slots) {
    this.slots = slots;
  }

  @Override
  public void start(MemoryRegion region) {
    try {
      slots.start(this, region);
    } catch (VcpuException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  @Override
  public void collect(MemoryRegion region, Ranges into) {
    BitSet pages;
    synchronized (slots) {
      try {
        slots.look(region);
      } catch (VcpuException e) {
        throw new IllegalStateException(e.getMessage(), e);
      }
      BitSet last = dirty.replace(region, new BitSet());
      if (last == null) {
        throw new IllegalStateException(
            "no log of memory backend '" + region.id() + "' was started");
      }
      pages = last;
    }
    int from = pages.nextSetBit(0);
    while (from >= 0) {
      int to = pages.nextClearBit(from);
      into.add(from * KvmSlots.PAGE, (to - from) * KvmSlots.PAGE);
      from = pages.nextSetBit(to);
    }
  }

  @Override
  public void stop(MemoryRegion region) {
    try {
      slots.stop(this, region);
    } catch (VcpuException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  // what follows is called under the lock of the slots

  void started(MemoryRegion region) {
    dirty.put(region, new BitSet());
  }

  void stopped(MemoryRegion region) {
    dirty.remove(region);
  }

  boolean isStarted(MemoryRegion region) {
    return dirty.containsKey(region);
  }

  boolean isStarted() {
    return !dirty.isEmpty();
  }

  void add(MemoryRegion region, long page, long count) {
    BitSet pages = dirty.get(region);
    if (pages != null) {
      pages.set((int) page, Math.toIntExact(page + count));
    }
  }
}
