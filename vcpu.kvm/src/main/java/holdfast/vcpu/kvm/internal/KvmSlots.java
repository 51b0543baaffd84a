package holdfast.vcpu.kvm.internal;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.vcpu.api.NoSlotLeftException;
import holdfast.vcpu.api.UnmappableDeviceException;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.api.engine.GuestMapper;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The memory slots of a machine: one for each device, at the device's own host addresses. What a
 * swap or a re-map puts there, KVM finds by itself, since the kernel tells it of each change of the
 * process's page table (mmu notifiers).
 *
 * <p>Thread-safe.
 */
public final class KvmSlots implements GuestMapper {
  private static final Logger log = LoggerFactory.getLogger(KvmSlots.class);
  static final long PAGE = 4096;

  // flags of struct kvm_userspace_memory_region
  private static final int KVM_MEM_LOG_DIRTY_PAGES = 1;
  private static final int KVM_MEM_READONLY = 2;

  private final Kvm kvm;
  private final int vm;
  private final int limit;
  private final BitSet used = new BitSet();
  private final List<Slot> slots = new ArrayList<>();
  private final List<KvmDirtyLog> logs = new ArrayList<>();

  private record Slot(int number, MemoryDevice device) {
    /** Returns the offset in its region of the first page. */
    long offset() {
      return device.segment().address() - device.region().segment().address();
    }
  }

  /** The slots of the machine {@code vm}, which has {@code limit} of them. */
  public KvmSlots(Kvm kvm, int vm, int limit) {
    this.kvm = kvm;
    this.vm = vm;
    this.limit = limit;
  }

  @Override
  public synchronized void map(MemoryDevice device) throws VcpuException {
    long host = device.segment().address();
    if ((host | device.address().value() | device.size().bytes()) % PAGE != 0) {
      throw new UnmappableDeviceException(
          Kvm.NAME,
          device,
          "KVM maps whole pages of 4K; give its memory backend a size that is a multiple of 4K");
    }
    int number = used.nextClearBit(0);
    if (number >= limit) {
      throw new NoSlotLeftException(Kvm.NAME, device, limit);
    }
    Slot slot = new Slot(number, device);
    set(slot, device.size().bytes(), isLogged(device.region()));
    used.set(number);
    slots.add(slot);
  }

  @Override
  public synchronized void unmap(MemoryDevice device) {
    Slot slot = slots.stream().filter(it -> it.device() == device).findFirst().orElseThrow();
    try {
      set(slot, 0, false);
    } catch (VcpuException e) {
      // KVM refuses no end of a slot that is there; it goes with the machine at the latest
      log.error("device '{}' stays among the guest's memory: {}", device.id(), e.getMessage());
    }
    for (KvmDirtyLog it : logs) {
      // what was stored between a last look and the end is not known
      it.add(device.region(), slot.offset() / PAGE, device.size().bytes() / PAGE);
    }
    slots.remove(slot);
    used.clear(slot.number());
  }

  /**
   * KVM_SET_USER_MEMORY_REGION.
   *
   * <p>SAFETY: the host addresses are those of the device's segment, which stay mapped until the
   * device is taken away here, and what the guest stores goes nowhere else. Of a read-only device
   * KVM stores to none.
   */
  private void set(Slot slot, long size, boolean logged) throws VcpuException {
    MemoryDevice device = slot.device();
    int flags = (logged ? KVM_MEM_LOG_DIRTY_PAGES : 0) | (device.readOnly() ? KVM_MEM_READONLY : 0);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment region = arena.allocate(32, 8);
      region.set(ValueLayout.JAVA_INT, 0, slot.number());
      region.set(ValueLayout.JAVA_INT, 4, flags);
      region.set(ValueLayout.JAVA_LONG, 8, device.address().value());
      region.set(ValueLayout.JAVA_LONG, 16, size);
      region.set(ValueLayout.JAVA_LONG, 24, device.segment().address());
      kvm.request(
          vm,
          KvmRequest.KVM_SET_USER_MEMORY_REGION,
          region.address(),
          "device '" + device.id() + "' at " + device.range());
    }
  }

  private boolean isLogged(MemoryRegion region) {
    return logs.stream().anyMatch(it -> it.isStarted(region));
  }

  /** Makes a log of what this machine's vCPUs store. */
  public KvmDirtyLog newLog() {
    return new KvmDirtyLog(this);
  }

  /** Has KVM log stores into {@code region} for {@code log}, too. */
  synchronized void start(KvmDirtyLog log, MemoryRegion region) throws VcpuException {
    if (!isLogged(region)) {
      for (Slot slot : of(region)) {
        set(slot, slot.device().size().bytes(), true);
      }
    }
    if (!logs.contains(log)) {
      logs.add(log);
    }
    log.started(region);
  }

  /** Has KVM log stores into {@code region} for {@code log} no more. */
  synchronized void stop(KvmDirtyLog log, MemoryRegion region) throws VcpuException {
    log.stopped(region);
    if (!log.isStarted()) {
      logs.remove(log);
    }
    if (!isLogged(region)) {
      for (Slot slot : of(region)) {
        set(slot, slot.device().size().bytes(), false);
      }
    }
  }

  /** Gives all logs what KVM has logged of {@code region} since the last look. */
  synchronized void look(MemoryRegion region) throws VcpuException {
    for (Slot slot : of(region)) {
      long pages = slot.device().size().bytes() / PAGE;
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment bitmap = arena.allocate((pages + 63) / 64 * 8, 8);
        MemorySegment request = arena.allocate(16, 8);
        request.set(ValueLayout.JAVA_INT, 0, slot.number());
        request.set(ValueLayout.JAVA_LONG, 8, bitmap.address());
        kvm.request(
            vm,
            KvmRequest.KVM_GET_DIRTY_LOG,
            request.address(),
            "device '" + slot.device().id() + "'");
        spread(region, slot.offset() / PAGE, bitmap);
      }
    }
  }

  private void spread(MemoryRegion region, long firstPage, MemorySegment bitmap) {
    for (long at = 0; at < bitmap.byteSize(); at += 8) {
      long bits = bitmap.get(ValueLayout.JAVA_LONG, at);
      while (bits != 0) {
        long page = firstPage + at * 8 + Long.numberOfTrailingZeros(bits);
        bits &= bits - 1;
        for (KvmDirtyLog it : logs) {
          it.add(region, page, 1);
        }
      }
    }
  }

  /** Tells all logs of stores that were not the guest's own, and are done. */
  synchronized void stored(GuestRange range) {
    if (logs.isEmpty()) {
      return;
    }
    for (Slot slot : slots) {
      GuestRange device = slot.device().range();
      if (device.overlaps(range)) {
        GuestAddress first =
            range.first().compareTo(device.first()) > 0 ? range.first() : device.first();
        GuestAddress last =
            range.last().compareTo(device.last()) < 0 ? range.last() : device.last();
        long from = (slot.offset() + first.offsetFrom(device.first())) / PAGE;
        long to = (slot.offset() + last.offsetFrom(device.first())) / PAGE;
        for (KvmDirtyLog it : logs) {
          it.add(slot.device().region(), from, to - from + 1);
        }
      }
    }
  }

  private List<Slot> of(MemoryRegion region) {
    return slots.stream().filter(it -> it.device().region() == region).toList();
  }
}
