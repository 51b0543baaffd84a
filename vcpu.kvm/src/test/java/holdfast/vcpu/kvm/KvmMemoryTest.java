package holdfast.vcpu.kvm;

import static holdfast.vcpu.kvm.LongModeGuest.DATA;
import static holdfast.vcpu.kvm.LongModeGuest.NVDIMM;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.host.linux.HostLibc;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.LostMemoryException;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.RegionState;
import holdfast.vcpu.api.Ended;
import holdfast.vcpu.api.MemoryFault;
import holdfast.vcpu.api.NoSlotLeftException;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.kvm.internal.Kvm;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A guest's memory is the machine's, whatever comes and goes, and what it meets where memory is
 * gone is a typed exit; at CPL 3, where code runs on the CPU, and at CPL 0, which some hosts' KVM
 * emulates.
 */
@Timeout(120)
class KvmMemoryTest {

  /** mov [rbx], rax; out 0x10, al; mov rcx, [rbx]; out 0x11, al; jmp to the first. */
  private static final String STORE_AND_LOAD = "488903 e610 488b0b e611 ebf2";

  @TempDir Path folder;

  private KvmFixture guest(String nv, int level, long address) throws Exception {
    return new KvmFixture(
        nv,
        STORE_AND_LOAD,
        level,
        Registers.ZERO.with(Register.RBX, address).with(Register.RAX, 5));
  }

  private String file() {
    return KvmFixture.file(folder.resolve("nv"));
  }

  private static MemoryDevice device(KvmFixture guest, String id) {
    return guest.machine.memory().devices().stream()
        .filter(it -> it.id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3})
  @DisplayName("an NVDIMM that is plugged is there for the guest; when it is unplugged it is told")
  void pluggedAndUnplugged(int level) throws Exception {
    try (KvmFixture guest = guest(file(), level, NVDIMM + KvmFixture.SIZE)) {
      long address = NVDIMM + KvmFixture.SIZE;
      assertEquals(
          new VcpuExit.MmioWrite(new GuestAddress(address), 8, 5), guest.cpu.run(), "a device's");
      guest.expect(VcpuExit.PortWrite.class);
      guest.expect(VcpuExit.MmioRead.class).answer(1);
      guest.expect(VcpuExit.PortWrite.class);
      Path file = folder.resolve("second");
      guest.plug("nv2", file);
      assertEquals(address, device(guest, "nv2").address().value());
      guest.expect(VcpuExit.PortWrite.class);
      guest.expect(VcpuExit.PortWrite.class);
      assertEquals(5, KvmFixture.numbers(file, 1)[0]);
      assertEquals(5, guest.cpu.registers().get(Register.RCX), "and is loaded");
      guest.unplug("nv2");
      MemoryFault.Unplugged store = guest.expect(MemoryFault.Unplugged.class);
      assertEquals("nv2", store.device());
      assertEquals(new MemoryFault.Access(new GuestAddress(address), 8, true), store.at());
      guest.expect(VcpuExit.PortWrite.class);
      MemoryFault.Unplugged load = guest.expect(MemoryFault.Unplugged.class);
      assertEquals(new MemoryFault.Access(new GuestAddress(address), 8, false), load.at());
      guest.expect(VcpuExit.PortWrite.class);
      assertEquals(-1, guest.cpu.registers().get(Register.RCX), "nobody answered");
      guest.plug("nv3", folder.resolve("third"));
      guest.expect(VcpuExit.PortWrite.class);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3})
  @DisplayName("a store into a read-only NVDIMM is told, and stores nothing; it can be loaded from")
  void readOnly(int level) throws Exception {
    Path file = folder.resolve("nv");
    Files.write(file, new byte[(int) KvmFixture.SIZE]);
    String options = "memory-backend-file,id=nv,size=4M,share=on,readonly=on,mem-path=" + file;
    try (KvmFixture guest = guest(options, level, NVDIMM)) {
      MemoryFault.StoredReadOnly fault = guest.expect(MemoryFault.StoredReadOnly.class);
      assertSame(device(guest, "nv0"), fault.device());
      assertEquals(new MemoryFault.Access(new GuestAddress(NVDIMM), 8, true), fault.at());
      guest.expect(VcpuExit.PortWrite.class);
      guest.expect(VcpuExit.PortWrite.class);
      assertEquals(0, guest.cpu.registers().get(Register.RCX));
      assertEquals(0, KvmFixture.numbers(file, 1)[0]);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3})
  @DisplayName(
      "a store into a page that its file has lost is told, the region fails, and the JVM lives")
  void truncated(int level) throws Exception {
    long lost = NVDIMM + KvmFixture.SIZE / 2;
    try (KvmFixture guest = guest(file(), level, lost)) {
      guest.expect(VcpuExit.PortWrite.class); // the page is mapped for the guest
      guest.expect(VcpuExit.PortWrite.class);
      try (FileChannel file = FileChannel.open(folder.resolve("nv"), StandardOpenOption.WRITE)) {
        file.truncate(4096);
      }
      MemoryFault.PageLost fault = guest.expect(MemoryFault.PageLost.class);
      assertEquals("nv0", fault.device().id());
      assertEquals(RegionState.FAILED, guest.region().state());
      // from now on none of its bytes is shown
      for (int i = 0; i < 2; i++) {
        VcpuExit next = guest.cpu.run();
        if (next instanceof VcpuExit.PortWrite) { // the store was dropped
          next = guest.cpu.run();
        }
        assertInstanceOf(MemoryFault.RegionFailed.class, next);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3})
  @DisplayName("a region that fails is taken from a guest that uses other pages of it")
  void failed(int level) throws Exception {
    try (KvmFixture guest = guest(file(), level, NVDIMM)) {
      guest.expect(VcpuExit.PortWrite.class);
      guest.expect(VcpuExit.PortWrite.class);
      try (FileChannel file = FileChannel.open(folder.resolve("nv"), StandardOpenOption.WRITE)) {
        file.truncate(4096);
      }
      // somebody else meets a page that is lost
      assertThrows(
          LostMemoryException.class,
          () ->
              guest
                  .machine
                  .memory()
                  .getLong(new GuestAddress(NVDIMM + KvmFixture.SIZE - 8), LITTLE_ENDIAN));
      MemoryFault.RegionFailed fault = guest.expect(MemoryFault.RegionFailed.class);
      assertEquals(
          Optional.of(new MemoryFault.Access(new GuestAddress(NVDIMM), 8, true)), fault.access());
      assertTrue(fault.sentence().contains(folder.toString()), fault::sentence);
    }
  }

  @Test
  @DisplayName("a truncated NVDIMM that is unplugged and deleted under the guest's stores is told")
  void truncatedAndUnplugged() throws Exception {
    // inc qword [rbx]; add rbx, 4096; and rbx, 4 MiB - 1; or rbx, rsi; jmp to the first
    String everyPage = "48ff03 4881c300100000 4881e3ffff3f00 4809f3 ebea";
    for (int i = 0; i < 30; i++) {
      Path file = folder.resolve("nv" + i);
      try (KvmFixture guest =
          new KvmFixture(
              KvmFixture.file(file),
              everyPage,
              Registers.ZERO.with(Register.RBX, NVDIMM).with(Register.RSI, NVDIMM))) {
        Future<VcpuExit> run = guest.start();
        while (guest.machine.memory().getLong(new GuestAddress(NVDIMM), LITTLE_ENDIAN) == 0) {
          Thread.onSpinWait(); // it runs
        }
        try (FileChannel open = FileChannel.open(file, StandardOpenOption.WRITE)) {
          open.truncate(0);
        }
        guest.unplug("nv0");
        guest.machine.admin().removeObject("nv");
        VcpuExit exit = run.get(60, TimeUnit.SECONDS);
        assertTrue(
            exit instanceof MemoryFault.Unplugged
                || exit instanceof MemoryFault.PageLost
                || exit instanceof MemoryFault.RegionFailed,
            exit::toString);
      }
    }
  }

  @Test
  @DisplayName("code and page tables in memory that goes end the guest in a typed way")
  void codeGoes() throws Exception {
    // jmp rbx, which leads to the NVDIMM
    try (KvmFixture guest =
        new KvmFixture(file(), "ffe3", Registers.ZERO.with(Register.RBX, NVDIMM))) {
      guest
          .machine
          .memory()
          .setInt(new GuestAddress(NVDIMM), 0x0000_10e6, LITTLE_ENDIAN); // out 0x10, al
      guest.expect(VcpuExit.PortWrite.class);
      guest.unplug("nv0");
      VcpuExit end = guest.cpu.run();
      assertTrue(end instanceof Ended || end instanceof MemoryFault, end::toString);
    }
  }

  @Test
  @DisplayName("more devices than slots are refused by name, at the start and later")
  void slots() throws Exception {
    try (KvmFixture guest = guest(file(), 3, DATA)) {
      Kvm kvm = Kvm.open(HostLibc.instance(), HostLibc.vmm());
      NoSlotLeftException refused =
          assertThrows(
              NoSlotLeftException.class, () -> KvmMachine.open(kvm, 1, guest.machine.memory()));
      assertEquals("nv0", refused.device().id());
      try (KvmMachine two = KvmMachine.open(kvm, 2, guest.machine.memory())) {
        guest.plug("nv2", folder.resolve("second"));
        KvmVcpu cpu = two.vcpu("other");
        LongModeGuest.prepare(
            cpu,
            3,
            Registers.ZERO.with(Register.RBX, NVDIMM + KvmFixture.SIZE).with(Register.RAX, 5));
        MemoryFault.NotTaken fault = assertInstanceOf(MemoryFault.NotTaken.class, cpu.run());
        assertEquals("nv2", fault.device().id());
        assertInstanceOf(NoSlotLeftException.class, fault.reason());
      }
    }
  }
}
