package holdfast.vcpu.unicorn;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.machine.api.GuestAddress;
import holdfast.vcpu.api.Ended;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.api.VcpuExit.Halted;
import holdfast.vcpu.api.VcpuExit.Interrupted;
import holdfast.vcpu.api.VcpuExit.MmioRead;
import holdfast.vcpu.api.VcpuExit.MmioWrite;
import holdfast.vcpu.api.VcpuExit.PortRead;
import holdfast.vcpu.api.VcpuExit.PortWrite;
import holdfast.vcpu.api.VcpuExit.Trap;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Future;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a guest's code needs of its emulator comes as typed exits, between exact instructions. */
@Timeout(60)
class UnicornExitsTest {
  private static final GuestAddress DEVICE = new GuestAddress(Guest.DEVICE);

  private static final String COUNTS =
      """
      48 ff03    | l: inc qword ptr [rbx]
      48 ffc0    | inc rax
      eb f8      | jmp l
      """;

  @TempDir Path folder;

  private Guest x86(String code) throws Exception {
    Guest guest = Guest.open(folder, Architecture.X86_64).code(code);
    guest.set(X86Register.RBX, Guest.DEVICE);
    return guest;
  }

  private static MmioRead assertLoad(VcpuExit exit, GuestAddress address, int width) {
    MmioRead load = assertInstanceOf(MmioRead.class, exit);
    assertEquals(address, load.address());
    assertEquals(width, load.width());
    return load;
  }

  @Test
  @DisplayName("a load gets its answer, a store is told once; code before and after is run once")
  void loadAndStore() throws Exception {
    try (Guest guest =
        x86(
            """
            48 ffc1    | inc rcx
            48 8b03    | mov rax, [rbx]
            48 ffc1    | inc rcx
            48 894308  | mov [rbx + 8], rax
            48 ffc1    | inc rcx
            f4         | hlt
            """)) {
      assertLoad(guest.cpu.run(), DEVICE, 8).answer(0x1122334455667788L);
      assertEquals(new MmioWrite(DEVICE.plus(8), 8, 0x1122334455667788L), guest.cpu.run());
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(3, X86Register.RCX);
      guest.assertRegister(0x1122334455667788L, X86Register.RAX);
      assertEquals(17, guest.at());
    }
  }

  @Test
  @DisplayName(
      "a read-modify-write of a register is a load and a store, an atomic one as well; each width"
          + " is told")
  void readModifyWrite() throws Exception {
    try (Guest guest =
        x86(
            """
            48 830301       | add qword ptr [rbx], 1
            f0 0fc14304     | lock xadd [rbx + 4], eax
            66 ff4b08       | dec word ptr [rbx + 8]
            8063 0c f0      | and byte ptr [rbx + 12], 0xf0
            f4              | hlt
            """)) {
      guest.set(X86Register.RAX, 5);
      assertLoad(guest.cpu.run(), DEVICE, 8).answer(41);
      assertEquals(new MmioWrite(DEVICE, 8, 42), guest.cpu.run());
      assertLoad(guest.cpu.run(), DEVICE.plus(4), 4).answer(10);
      assertEquals(new MmioWrite(DEVICE.plus(4), 4, 15), guest.cpu.run());
      assertLoad(guest.cpu.run(), DEVICE.plus(8), 2).answer(0);
      assertEquals(new MmioWrite(DEVICE.plus(8), 2, 0xffff), guest.cpu.run());
      assertLoad(guest.cpu.run(), DEVICE.plus(12), 1).answer(0x7f);
      assertEquals(new MmioWrite(DEVICE.plus(12), 1, 0x70), guest.cpu.run());
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(10, X86Register.RAX);
    }
  }

  @Test
  @DisplayName("an access that is not aligned, or crosses pages, gets the bytes of its answer")
  void unaligned() throws Exception {
    try (Guest guest =
        x86(
            """
            48 8b03    | mov rax, [rbx]
            48 8903    | mov [rbx], rax
            f4         | hlt
            """)) {
      for (long from : new long[] {Guest.DEVICE + 1, Guest.DEVICE + 0xffd}) {
        guest.set(X86Register.RBX, from);
        guest.set(X86Register.RIP, guest.code.value());
        assertLoad(guest.cpu.run(), new GuestAddress(from), 8).answer(0x1122334455667788L);
        assertEquals(
            new MmioWrite(new GuestAddress(from), 8, 0x1122334455667788L), guest.cpu.run());
        assertEquals(new Halted(), guest.cpu.run());
        guest.assertRegister(0x1122334455667788L, X86Register.RAX);
      }
    }
  }

  @Test
  @DisplayName("a repeated copy between a device and memory gives an exit for each element")
  void repeated() throws Exception {
    try (Guest guest =
        x86(
            """
            f3 a4      | rep movsb
            f4         | hlt
            """)) {
      guest.set(X86Register.RSI, Guest.DEVICE);
      guest.set(X86Register.RDI, guest.nvdimm.address().value());
      guest.set(X86Register.RCX, 4);
      for (int i = 0; i < 4; i++) {
        assertLoad(guest.cpu.run(), DEVICE.plus(i), 1).answer(0xa0 + i);
      }
      assertEquals(new Halted(), guest.cpu.run());
      assertEquals(0xa3a2a1a0L, guest.inFile(0));
      guest.set(X86Register.RIP, guest.code.value());
      guest.set(X86Register.RSI, guest.nvdimm.address().value());
      guest.set(X86Register.RDI, Guest.DEVICE);
      guest.set(X86Register.RCX, 4);
      for (int i = 0; i < 4; i++) {
        assertEquals(new MmioWrite(DEVICE.plus(i), 1, 0xa0 + i), guest.cpu.run());
      }
      assertEquals(new Halted(), guest.cpu.run());
    }
  }

  @Test
  @DisplayName("an instruction that loads from two devices is answered twice, and done once")
  void twoLoads() throws Exception {
    try (Guest guest =
        x86(
            """
            48 ffc1    | inc rcx
            a6         | cmpsb
            0f94c0     | sete al
            f4         | hlt
            """)) {
      guest.set(X86Register.RSI, Guest.DEVICE);
      guest.set(X86Register.RDI, Guest.DEVICE + 0x10_0000);
      assertLoad(guest.cpu.run(), DEVICE.plus(0x10_0000), 1).answer(7);
      assertLoad(guest.cpu.run(), DEVICE, 1).answer(7);
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(1, X86Register.RAX);
      guest.assertRegister(1, X86Register.RCX);
      guest.assertRegister(Guest.DEVICE + 1, X86Register.RSI);
    }
  }

  @Test
  @DisplayName("a store of 16 bytes is told as two of 8, in order")
  void wide() throws Exception {
    try (Guest guest =
        x86(
            """
            0f1103     | movups [rbx], xmm0
            f4         | hlt
            """)) {
      guest.set(X86Register.XMM0, 7);
      assertEquals(new MmioWrite(DEVICE, 8, 7), guest.cpu.run());
      assertEquals(new MmioWrite(DEVICE.plus(8), 8, 0), guest.cpu.run());
      assertEquals(new Halted(), guest.cpu.run());
    }
  }

  @Test
  @DisplayName("without an answer all bits are set; an answer is taken once, and not too late")
  void answers() throws Exception {
    try (Guest guest =
        x86(
            """
            8b03       | mov eax, [rbx]
            8b0b       | mov ecx, [rbx]
            e460       | in al, 0x60
            f4         | hlt
            """)) {
      MmioRead late = assertLoad(guest.cpu.run(), DEVICE, 4);
      MmioRead twice = assertLoad(guest.cpu.run(), DEVICE, 4);
      assertThrows(IllegalStateException.class, () -> late.answer(1));
      guest.assertRegister(0xffff_ffffL, X86Register.RAX);
      twice.answer(2);
      assertThrows(IllegalStateException.class, () -> twice.answer(3));
      assertInstanceOf(PortRead.class, guest.cpu.run());
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(2, X86Register.RCX);
      guest.assertRegister(0xffff_ffffL, X86Register.RAX);
    }
  }

  @Test
  @DisplayName("ports: what is written, and where what is read goes, by width")
  void ports() throws Exception {
    try (Guest guest =
        x86(
            """
            48 b8 8877665544332211 | mov rax, 0x1122334455667788
            e6f4                   | out 0xf4, al
            66 ef                  | out dx, ax
            ef                     | out dx, eax
            ec                     | in al, dx
            48 89c6                | mov rsi, rax
            66 ed                  | in ax, dx
            48 89c1                | mov rcx, rax
            ed                     | in eax, dx
            f4                     | hlt
            """)) {
      guest.set(X86Register.RDX, 0x3f8);
      assertEquals(new PortWrite(0xf4, 1, 0x88), guest.cpu.run());
      assertEquals(new PortWrite(0x3f8, 2, 0x7788), guest.cpu.run());
      assertEquals(new PortWrite(0x3f8, 4, 0x55667788), guest.cpu.run());
      PortRead one = assertInstanceOf(PortRead.class, guest.cpu.run());
      assertEquals(0x3f8, one.port());
      one.answer(0x99);
      PortRead two = assertInstanceOf(PortRead.class, guest.cpu.run());
      guest.assertRegister(0x1122334455667799L, X86Register.RSI);
      two.answer(0xaabb);
      PortRead four = assertInstanceOf(PortRead.class, guest.cpu.run());
      four.answer(0xffff_ffff_8000_0001L);
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(0x112233445566aabbL, X86Register.RCX);
      guest.assertRegister(0x8000_0001L, X86Register.RAX);
    }
  }

  @Test
  @DisplayName("a repeated output gives an exit for each element; input to memory is refused")
  void strings() throws Exception {
    try (Guest guest =
        x86(
            """
            f3 6e      | rep outsb
            f3 66 6d   | rep insw
            """)) {
      guest.memory.setShort(guest.ram, (short) 0x2211, Guest.LITTLE);
      guest.set(X86Register.RSI, guest.ram.value());
      guest.set(X86Register.RDX, 0x3f8);
      guest.set(X86Register.RCX, 2);
      assertEquals(new PortWrite(0x3f8, 1, 0x11), guest.cpu.run());
      assertEquals(new PortWrite(0x3f8, 1, 0x22), guest.cpu.run());
      guest.set(X86Register.RDI, guest.ram.value());
      guest.set(X86Register.RCX, 1);
      guest.set(X86Register.RIP, guest.code.value() + 2);
      Ended.EngineError refused = assertInstanceOf(Ended.EngineError.class, guest.cpu.run());
      assertEquals(List.of(guest.code.value() + 2), refused.data());
    }
  }

  @Test
  @DisplayName("invalid instructions, divisions by zero and calls are traps with their numbers")
  void traps() throws Exception {
    try (Guest guest = x86("90 0f0b | nop; ud2")) {
      assertEquals(new Trap(6), guest.cpu.run());
      assertEquals(1, guest.at());
      guest.code("90 cc f4 | nop; int3; hlt");
      assertEquals(new Trap(3), guest.cpu.run());
      assertEquals(2, guest.at());
      assertEquals(new Halted(), guest.cpu.run());
      guest.code("31c9 f7f1 | xor ecx, ecx; div ecx");
      assertEquals(new Trap(0), guest.cpu.run());
      assertEquals(2, guest.at());
    }
    try (Guest guest = Guest.open(folder, Architecture.ARM64)) {
      guest.words("d4000001 | svc 0\n00000000 | udf 0\n");
      assertEquals(new Trap(2), guest.cpu.run());
      assertEquals(4, guest.at());
      assertEquals(new Trap(1), guest.cpu.run());
    }
    try (Guest guest = Guest.open(folder, Architecture.RISCV64)) {
      guest.words("00000073 | ecall\n00000000 | illegal\n");
      assertEquals(new Trap(8), guest.cpu.run());
      assertEquals(4, guest.at());
      assertEquals(new Trap(2), guest.cpu.run());
    }
  }

  @Test
  @DisplayName("code where no memory is ends the run, with the address")
  void noCode() throws Exception {
    try (Guest guest = x86("ffe3 | jmp rbx")) {
      Ended.EngineError error = assertInstanceOf(Ended.EngineError.class, guest.cpu.run());
      assertEquals(
          "the engine can't go on: the guest went to an address where no code is (8: 0xfee00000)",
          error.sentence());
    }
  }

  @Test
  @DisplayName(
      "x86's syscall is a trap, behind which the guest goes on; sysenter is, or is invalid")
  void systemCalls() throws Exception {
    try (Guest guest = x86("0f05 48ffc6 0f34 | syscall; inc rsi; sysenter")) {
      guest.set(X86Register.RCX, 0x77);
      assertEquals(new Trap(UnicornVcpu.TRAP_SYSCALL), guest.cpu.run());
      assertEquals(2, guest.at());
      guest.assertRegister(0x77, X86Register.RCX);
      Trap sysenter = assertInstanceOf(Trap.class, guest.cpu.run());
      // it depends on the CPU that this Unicorn has
      boolean invalid = sysenter.number() == 6;
      assertEquals(invalid ? 6 : UnicornVcpu.TRAP_SYSENTER, sysenter.number());
      assertEquals(invalid ? 5 : 7, guest.at());
      guest.assertRegister(1, X86Register.RSI);
    }
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("a jump to the last addresses, where no code can be, ends the run as any such does")
  void noCodeAtTheEnd(Architecture architecture) throws Exception {
    try (Guest guest = Guest.open(folder, architecture)) {
      switch (architecture) {
        case X86_64 -> guest.code("ffe3 | jmp rbx").set(X86Register.RBX, -1);
        case ARM64 -> guest.words("d61f0000 | br x0\n").set(Arm64Register.X0, -1);
        case RISCV64 -> guest.words("00050067 | jr a0\n").set(RiscvRegister.X10, -1);
      }
      for (int i = 0; i < 2; i++) {
        Ended.EngineError error =
            assertInstanceOf(Ended.EngineError.class, guest.start().get(30, SECONDS));
        assertEquals("the guest went to an address where no code is", error.what());
      }
    }
  }

  @Test
  @DisplayName("loads and stores of ARM64 and RISC-V, and their waits for an interrupt")
  void others() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.ARM64)) {
      guest.words(
          """
          91000400 | add x0, x0, 1
          a9400c22 | ldp x2, x3, [x1]
          f9000823 | str x3, [x1, 16]
          91000400 | add x0, x0, 1
          d503207f | wfi
          """);
      guest.set(Arm64Register.X1, Guest.DEVICE);
      assertLoad(guest.cpu.run(), DEVICE, 8).answer(5);
      assertLoad(guest.cpu.run(), DEVICE.plus(8), 8).answer(7L << 32 | 6);
      assertEquals(new MmioWrite(DEVICE.plus(16), 8, 7L << 32 | 6), guest.cpu.run());
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(2, Arm64Register.X0);
      guest.assertRegister(5, Arm64Register.X2);
      assertEquals(20, guest.at());
    }
    try (Guest guest = Guest.open(folder, Architecture.RISCV64)) {
      guest.words(
          """
          00150513 | addi a0, a0, 1
          0005b603 | ld a2, 0(a1)
          00c5b423 | sd a2, 8(a1)
          00150513 | addi a0, a0, 1
          10500073 | wfi
          """);
      guest.set(RiscvRegister.X11, Guest.DEVICE);
      assertLoad(guest.cpu.run(), DEVICE, 8).answer(5);
      assertEquals(new MmioWrite(DEVICE.plus(8), 8, 5), guest.cpu.run());
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(2, RiscvRegister.X10);
      assertEquals(20, guest.at());
    }
  }

  @Test
  @DisplayName("an interrupt ends the run that is under way, or the next, once")
  void interrupted() throws Exception {
    try (Guest guest = x86(COUNTS)) {
      guest.set(X86Register.RBX, guest.nvdimm.address().value());
      guest.cpu.interrupt();
      guest.cpu.interrupt();
      assertEquals(new Interrupted(), guest.cpu.run());
      guest.assertRegister(0, X86Register.RAX);
      for (int i = 0; i < 20; i++) {
        Future<VcpuExit> run = guest.start();
        guest.awaitStores();
        guest.cpu.interrupt();
        assertEquals(new Interrupted(), run.get(30, SECONDS));
      }
      // it left between instructions, and nothing was done twice
      long counted = guest.cpu.read(X86Register.RAX);
      long stored = guest.load(guest.nvdimm.address());
      assertEquals(guest.at() == 3 ? counted + 1 : counted, stored);
    }
  }

  @Test
  @DisplayName("a closed vCPU runs no more, and closing it ends a run")
  void closed() throws Exception {
    try (Guest guest = x86(COUNTS)) {
      guest.set(X86Register.RBX, guest.nvdimm.address().value());
      Future<VcpuExit> run = guest.start();
      guest.awaitStores();
      guest.cpu.close();
      assertEquals(new Interrupted(), run.get(30, SECONDS));
      assertThrows(IllegalStateException.class, guest.cpu::run);
      assertThrows(IllegalStateException.class, () -> guest.cpu.read(X86Register.RAX));
      assertThrows(
          IllegalStateException.class,
          () -> guest.cpu.state().save(OutputStream.nullOutputStream()));
      guest.cpu.codeChanged(guest.nvdimm.range());
      guest.cpu.interrupt();
      guest.cpu.close();
    }
  }
}
