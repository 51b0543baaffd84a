package holdfast.vcpu.unicorn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestAddress;
import holdfast.vcpu.api.MemoryFault.StoredReadOnly;
import holdfast.vcpu.api.MemoryFault.Unplugged;
import holdfast.vcpu.api.VcpuExit.Halted;
import holdfast.vcpu.api.VcpuExit.MmioRead;
import holdfast.vcpu.api.VcpuExit.MmioWrite;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An access that is partly to memory and partly not: each gets its part. */
@Timeout(60)
class UnicornEdgeTest {
  private static final long VALUE = 0x1122_3344_5566_7788L;
  private static final long LOW = 0x5566_7788L;
  private static final long HIGH = 0x1122_3344L;

  @TempDir Path folder;

  /** Begins with a load, or a store of {@link #VALUE}, of 8 bytes at an address. */
  private static void begin(Guest guest, boolean store, long address) {
    switch (guest.cpu.architecture()) {
      case X86_64 -> {
        guest.code(store ? "48 8903 f4 | mov [rbx], rax; hlt" : "48 8b03 f4 | mov rax, [rbx]; hlt");
        guest.set(X86Register.RBX, address);
      }
      case ARM64 -> {
        guest.words(
            (store ? "f9000020 | str x0, [x1]" : "f9400020 | ldr x0, [x1]") + "\nd503207f | wfi\n");
        guest.set(Arm64Register.X1, address);
      }
      case RISCV64 -> {
        guest.words(
            (store ? "00a5b023 | sd a0, 0(a1)" : "0005b503 | ld a0, 0(a1)") + "\n10500073 | wfi\n");
        guest.set(RiscvRegister.X11, address);
      }
    }
    guest.set(value(guest), store ? VALUE : 0);
  }

  private static Register value(Guest guest) {
    return switch (guest.cpu.architecture()) {
      case X86_64 -> X86Register.RAX;
      case ARM64 -> Arm64Register.X0;
      case RISCV64 -> RiscvRegister.X10;
    };
  }

  private static GuestAddress behind(Guest guest) {
    return guest.nvdimm.range().last().plus(1);
  }

  private static GuestAddress before(Guest guest) {
    return new GuestAddress(guest.nvdimm.address().value() - 4);
  }

  private Guest readOnly() throws Exception {
    Files.write(folder.resolve("nv.img"), new byte[1 << 20]);
    String[] none = {};
    return Guest.open(folder, Architecture.X86_64, "share=on,readonly=on,rom=on", none);
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("a load across a device's first or last byte has bytes of memory and of the answer")
  void loads(Architecture architecture) throws Exception {
    try (Guest guest = Guest.open(folder, architecture)) {
      guest.memory.setInt(guest.nvdimm.address(), (int) HIGH, Guest.LITTLE);
      begin(guest, false, before(guest).value());
      MmioRead load = assertInstanceOf(MmioRead.class, guest.cpu.run());
      assertEquals(before(guest), load.address());
      assertEquals(4, load.width());
      load.answer(0xffff_ffff_0000_0000L | LOW);
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(VALUE, value(guest));

      long last = guest.nvdimm.range().last().value() - 3;
      guest.memory.setInt(new GuestAddress(last), (int) LOW, Guest.LITTLE);
      begin(guest, false, last);
      load = assertInstanceOf(MmioRead.class, guest.cpu.run());
      assertEquals(behind(guest), load.address());
      assertEquals(4, load.width());
      load.answer(0xffff_ffff_0000_0000L | HIGH);
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(VALUE, value(guest));
    }
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("a store across a device's first or last byte stores there and is told of the rest")
  void stores(Architecture architecture) throws Exception {
    try (Guest guest = Guest.open(folder, architecture)) {
      begin(guest, true, before(guest).value());
      assertEquals(new MmioWrite(before(guest), 4, LOW), guest.cpu.run());
      assertEquals(new Halted(), guest.cpu.run());
      assertEquals(HIGH, guest.load(guest.nvdimm.address()));

      begin(guest, true, guest.nvdimm.range().last().value() - 3);
      assertEquals(new MmioWrite(behind(guest), 4, HIGH), guest.cpu.run());
      assertEquals(new Halted(), guest.cpu.run());
      assertEquals(LOW << 32, guest.load(new GuestAddress(behind(guest).value() - 8)));
    }
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("an access across the last address goes on at the first one")
  void wraps(Architecture architecture) throws Exception {
    try (Guest guest = Guest.open(folder, architecture)) {
      for (int behind = 1; behind < 8; behind++) {
        begin(guest, true, -behind);
        long low = VALUE & ((1L << (8 * behind)) - 1);
        assertEquals(new MmioWrite(new GuestAddress(-behind), behind, low), guest.cpu.run());
        if (guest.ram.value() == 0) {
          assertEquals(new Halted(), guest.cpu.run());
          assertEquals(
              VALUE >>> (8 * behind), guest.load(guest.ram) & ((1L << (64 - 8 * behind)) - 1));
        } else {
          assertEquals(
              new MmioWrite(GuestAddress.ZERO, 8 - behind, VALUE >>> (8 * behind)),
              guest.cpu.run());
          assertEquals(new Halted(), guest.cpu.run());
        }
      }
    }
  }

  @Test
  @DisplayName("so does the second store of a pair")
  void secondWraps() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.ARM64)) {
      guest.words("a9000820 | stp x0, x2, [x1]\nd503207f | wfi\n");
      guest.set(Arm64Register.X0, 7);
      guest.set(Arm64Register.X1, -12);
      guest.set(Arm64Register.X2, VALUE);
      assertEquals(new MmioWrite(new GuestAddress(-12), 8, 7), guest.cpu.run());
      assertEquals(new MmioWrite(new GuestAddress(-4), 4, LOW), guest.cpu.run());
      assertEquals(new MmioWrite(GuestAddress.ZERO, 4, HIGH), guest.cpu.run());
      assertEquals(new Halted(), guest.cpu.run());
    }
  }

  @Test
  @DisplayName("a read-modify-write across a device's last byte is a load and a store of the rest")
  void readModifyWrite() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.X86_64)) {
      guest.code("48 ff03 f4 | inc qword ptr [rbx]; hlt");
      long last = guest.nvdimm.range().last().value() - 3;
      guest.set(X86Register.RBX, last);
      guest.memory.setInt(new GuestAddress(last), -1, Guest.LITTLE);
      MmioRead load = assertInstanceOf(MmioRead.class, guest.cpu.run());
      assertEquals(4, load.width());
      load.answer(6);
      assertEquals(new MmioWrite(behind(guest), 4, 7), guest.cpu.run());
      assertEquals(new Halted(), guest.cpu.run());
      assertEquals(0, guest.memory.getInt(new GuestAddress(last), Guest.LITTLE));
    }
  }

  @Test
  @DisplayName("across the edge of a read-only device its part is dropped, and both are told")
  void readOnlyEdges() throws Exception {
    try (Guest guest = readOnly()) {
      begin(guest, true, guest.nvdimm.range().last().value() - 3);
      StoredReadOnly dropped = assertInstanceOf(StoredReadOnly.class, guest.cpu.run());
      assertEquals(4, dropped.at().width());
      assertEquals(new MmioWrite(behind(guest), 4, HIGH), guest.cpu.run());
      assertEquals(new Halted(), guest.cpu.run());

      begin(guest, true, before(guest).value());
      assertEquals(new MmioWrite(before(guest), 4, LOW), guest.cpu.run());
      dropped = assertInstanceOf(StoredReadOnly.class, guest.cpu.run());
      assertEquals(guest.nvdimm.address(), dropped.at().address());
      assertEquals(new Halted(), guest.cpu.run());
      assertEquals(0, guest.load(guest.nvdimm.address()));
    }
  }

  @Test
  @DisplayName("across the edge of a device that was unplugged its part is told as that")
  void unplugged() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.X86_64)) {
      guest.machine.admin().unplug("nv0");
      begin(guest, false, before(guest).value());
      assertInstanceOf(MmioRead.class, guest.cpu.run()).answer(LOW);
      Unplugged gone = assertInstanceOf(Unplugged.class, guest.cpu.run());
      assertEquals(guest.nvdimm.address(), gone.at().address());
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(0xffff_ffff_0000_0000L | LOW, X86Register.RAX);

      begin(guest, true, behind(guest).value() - 4);
      gone = assertInstanceOf(Unplugged.class, guest.cpu.run());
      assertEquals(4, gone.at().width());
      assertTrue(gone.at().store());
      assertEquals(new MmioWrite(behind(guest), 4, HIGH), guest.cpu.run());
      assertEquals(new Halted(), guest.cpu.run());
    }
  }
}
