package holdfast.vcpu.kvm;

import static holdfast.vcpu.kvm.LongModeGuest.NVDIMM;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.DirtyTracking;
import holdfast.backend.api.TrackingRefusedException;
import holdfast.host.testkit.Storage;
import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.core.Region;
import holdfast.vcpu.api.VcpuExit;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * KVM's log of what a guest stored, the kernel's tracking of the same pages, and what the guest did
 * say the same, page by page.
 */
@Timeout(120)
class KvmDirtyLogTest {
  private static final int PAGES = (int) (KvmFixture.SIZE / 4096);
  private static final long MULTIPLIER = 6364136223846793005L;
  private static final long INCREMENT = 1442695040888963407L;

  /** Stores into random pages, rcx of them, and loads from others. */
  private static final String RANDOM_STORES =
      """
      4d0fafc5  # next: imul r8, r13
      4d01f0    #       add r8, r14
      4c89c0    #       mov rax, r8
      48c1e821  #       shr rax, 33
      4c21f8    #       and rax, r15
      48c1e00c  #       shl rax, 12
      4d890401  #       mov [r9+rax], r8
      4c31e0    #       xor rax, r12
      498b1c01  #       mov rbx, [r9+rax]
      48ffc9    #       dec rcx
      75db      #       jne next
      e610      #       out 0x10, al
      ebd7      #       jmp next
      """
          .replaceAll("#.*", "")
          .replaceAll("\\s", "");

  @TempDir Path folder;

  private KvmFixture guest(String nv) throws Exception {
    return new KvmFixture(
        nv,
        RANDOM_STORES,
        Registers.ZERO
            .with(Register.R8, 4711)
            .with(Register.R9, NVDIMM)
            .with(Register.R12, PAGES / 2 * 4096L)
            .with(Register.R13, MULTIPLIER)
            .with(Register.R14, INCREMENT)
            .with(Register.R15, PAGES - 1));
  }

  /** Has the guest store into {@code count} pages; returns which. */
  private static BitSet store(KvmFixture guest, int count) throws Exception {
    Registers before = guest.cpu.registers();
    guest.cpu.setRegisters(before.with(Register.RCX, count));
    guest.expect(VcpuExit.PortWrite.class);
    BitSet pages = new BitSet();
    long number = before.get(Register.R8);
    for (int i = 0; i < count; i++) {
      number = number * MULTIPLIER + INCREMENT;
      pages.set((int) (number >>> 33) & PAGES - 1);
    }
    return pages;
  }

  private static BitSet logged(DirtyLog log, MemoryRegion region) {
    BitSet pages = new BitSet();
    log.collect(
        region,
        (offset, length) -> pages.set((int) (offset / 4096), (int) ((offset + length) / 4096)));
    return pages;
  }

  private static DirtyTracking track(MemoryRegion region) {
    try {
      return ((Region) region).status().block().track();
    } catch (TrackingRefusedException e) {
      return abort("the kernel does not track: " + e.getMessage());
    }
  }

  private static BitSet tracked(DirtyTracking tracking) throws Exception {
    BitSet pages = new BitSet();
    tracking.scan(
        (offset, length) -> pages.set((int) (offset / 4096), (int) ((offset + length) / 4096)));
    return pages;
  }

  @ParameterizedTest
  @ValueSource(strings = {"disk", "tmpfs", "memfd", "anonymous"})
  @DisplayName("each page that a guest stored into, and no other, is in KVM's log and the kernel's")
  void theyAgree(String kind) throws Exception {
    Path tmpfs = Files.createTempDirectory(Storage.tmpfs().root(), "holdfast-kvm");
    String nv =
        switch (kind) {
          case "disk" -> KvmFixture.file(folder.resolve("nv"));
          case "tmpfs" -> KvmFixture.file(tmpfs.resolve("nv"));
          case "memfd" -> "memory-backend-memfd,id=nv,size=4M,share=on";
          default -> "memory-backend-ram,id=nv,size=4M";
        };
    try (KvmFixture guest = guest(nv)) {
      MemoryRegion region = guest.region();
      DirtyLog log = guest.cpu.writer().dirtyLog().orElseThrow();
      store(guest, 300); // some pages are there already
      log.start(region);
      try (DirtyTracking tracking = track(region)) {
        for (int round = 0; round < 20; round++) {
          BitSet stored = store(guest, 40);
          assertEquals(stored, logged(log, region), "KVM's log, round " + round);
          assertEquals(stored, tracked(tracking), "the kernel's tracking, round " + round);
        }
        assertTrue(logged(log, region).isEmpty(), "nothing was stored since");
        assertTrue(tracked(tracking).isEmpty(), "nothing was stored since");
      } finally {
        log.stop(region);
      }
    } finally {
      Files.deleteIfExists(tmpfs.resolve("nv"));
      Files.delete(tmpfs);
    }
  }

  @Test
  @DisplayName("what Java stores is the kernel's to know: KVM's log has the guest's stores alone")
  void storesOfJava() throws Exception {
    try (KvmFixture guest = guest(KvmFixture.file(folder.resolve("nv")))) {
      MemoryRegion region = guest.region();
      DirtyLog log = guest.cpu.writer().dirtyLog().orElseThrow();
      log.start(region);
      try (DirtyTracking tracking = track(region)) {
        guest
            .machine
            .memory()
            .setLong(new GuestAddress(NVDIMM + 5 * 4096), 1, ByteOrder.LITTLE_ENDIAN);
        assertTrue(logged(log, region).isEmpty());
        assertEquals(BitSet.valueOf(new long[] {1 << 5}), tracked(tracking));
      } finally {
        log.stop(region);
      }
    }
  }

  @Test
  @DisplayName("what a device stores in the vCPU's thread is in its log: where, or else everywhere")
  void storesOfDevices() throws Exception {
    try (KvmFixture guest = guest(KvmFixture.file(folder.resolve("nv")))) {
      MemoryRegion region = guest.region();
      DirtyLog log = guest.cpu.writer().dirtyLog().orElseThrow();
      log.start(region);
      GuestRange range = GuestRange.of(new GuestAddress(NVDIMM + 3 * 4096 + 4095), new ByteSize(2));
      guest.cpu.store(range, () -> {});
      assertEquals(BitSet.valueOf(new long[] {3 << 3}), logged(log, region));
      guest.cpu.store(() -> {});
      assertEquals(PAGES, logged(log, region).cardinality());
      log.stop(region);
    }
  }

  @Test
  @DisplayName("the CPU's marks in the guest's page tables are stores, in both")
  void pageTables() throws Exception {
    try (KvmFixture guest = guest(KvmFixture.file(folder.resolve("nv")))) {
      MemoryRegion ram = guest.machine.memory().devices().getFirst().region();
      DirtyLog log = guest.cpu.writer().dirtyLog().orElseThrow();
      log.start(ram);
      try (DirtyTracking tracking = track(ram)) {
        store(guest, 10); // the first walk to these pages
        BitSet kvm = logged(log, ram);
        BitSet kernel = tracked(tracking);
        System.out.println("page tables: KVM's log " + kvm + ", the kernel's " + kernel);
        assertFalse(kernel.isEmpty(), "accessed and dirty bits were set");
        assertEquals(kernel, kvm);
        store(guest, 10);
        assertEquals(tracked(tracking), logged(log, ram), "once they are set");
      } finally {
        log.stop(ram);
      }
    }
  }

  @Test
  @DisplayName("each vCPU's log has what all stored, whoever else has asked")
  void severalLogs() throws Exception {
    try (KvmFixture guest = guest(KvmFixture.file(folder.resolve("nv")))) {
      MemoryRegion region = guest.region();
      DirtyLog first = guest.cpu.writer().dirtyLog().orElseThrow();
      DirtyLog second = guest.kvm.vcpu("cpu1").writer().dirtyLog().orElseThrow();
      first.start(region);
      second.start(region);
      BitSet one = store(guest, 20);
      assertEquals(one, logged(first, region));
      BitSet two = store(guest, 20);
      assertEquals(two, logged(first, region));
      first.stop(region);
      BitSet three = store(guest, 20);
      one.or(two);
      one.or(three);
      assertEquals(one, logged(second, region), "the other's end does not end it");
      second.stop(region);
    }
  }

  @Test
  @DisplayName(
      "a device that goes while it is logged counts as stored into, and a new one is logged")
  void plugging() throws Exception {
    try (KvmFixture guest = guest(KvmFixture.file(folder.resolve("nv")))) {
      MemoryRegion region = guest.region();
      DirtyLog log = guest.cpu.writer().dirtyLog().orElseThrow();
      log.start(region);
      guest.unplug("nv0");
      assertEquals(PAGES, logged(log, region).cardinality());
      guest.machine.admin().plug("nvdimm", java.util.Map.of("id", "nv1", "memdev", "nv"));
      BitSet stored = store(guest, 20);
      assertEquals(stored, logged(log, region));
      log.stop(region);
    }
  }
}
