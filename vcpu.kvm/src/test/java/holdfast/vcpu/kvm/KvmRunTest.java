package holdfast.vcpu.kvm;

import static holdfast.vcpu.kvm.LongModeGuest.DATA;
import static holdfast.vcpu.kvm.LongModeGuest.NOWHERE;
import static holdfast.vcpu.kvm.LongModeGuest.NVDIMM;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.vcpu.api.Ended;
import holdfast.vcpu.api.VcpuExit;
import java.nio.file.Path;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest's code runs, and each need of it is a typed exit. */
@Timeout(120)
class KvmRunTest {
  @TempDir Path folder;

  private KvmFixture guest(String code, Registers registers) throws Exception {
    return new KvmFixture(KvmFixture.file(folder.resolve("nv")), code, registers);
  }

  @Test
  @DisplayName("a guest's store is in the file of its NVDIMM")
  void storesArrive() throws Exception {
    // mov [rbx], rax; out 0x10, al
    try (KvmFixture guest =
        guest(
            "488903 e610",
            Registers.ZERO.with(Register.RBX, NVDIMM).with(Register.RAX, 0x1122334455667788L))) {
      assertEquals(new VcpuExit.PortWrite(0x10, 1, 0x88), guest.cpu.run());
      assertEquals(0x1122334455667788L, KvmFixture.numbers(folder.resolve("nv"), 1)[0]);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"e410", "8a03", "a4"}) // in al, 0x10; mov al, [rbx]; movsb
  @DisplayName("registers that are set after a read was answered are the guest's")
  void registersAfterARead(String read) throws Exception {
    String elsewhere = "90".repeat(16 - read.length() / 2) + "e620"; // out 0x20, al
    try (KvmFixture guest =
        guest(
            read + elsewhere,
            Registers.ZERO
                .with(Register.RBX, NOWHERE)
                .with(Register.RSI, NOWHERE)
                .with(Register.RDI, NVDIMM))) {
      LongConsumer answer =
          switch (guest.cpu.run()) {
            case VcpuExit.PortRead in -> in::answer;
            case VcpuExit.MmioRead load -> load::answer;
            case VcpuExit other -> throw new AssertionError(other);
          };
      Registers registers = guest.cpu.registers();
      assertEquals(LongModeGuest.CODE, registers.get(Register.RIP), "before the instruction");
      IllegalStateException refused =
          assertThrows(IllegalStateException.class, () -> guest.cpu.setRegisters(registers));
      assertTrue(refused.getMessage().contains("answer"), refused::getMessage);
      answer.accept(7);
      assertEquals(
          LongModeGuest.CODE + read.length() / 2,
          guest.cpu.registers().get(Register.RIP),
          "behind the instruction");
      guest.cpu.setRegisters(
          guest.cpu.registers().with(Register.RIP, LongModeGuest.CODE + 16).with(Register.RAX, 9));
      assertEquals(new VcpuExit.PortWrite(0x20, 1, 9), guest.cpu.run());
      assertEquals(
          read.equals("a4") ? 7 : 0,
          guest.machine.memory().getByte(new GuestAddress(NVDIMM)),
          "what it read is not lost");
    }
  }

  @Test
  @DisplayName("registers are not set within an instruction that has further exits")
  void registersWithinAnInstruction() throws Exception {
    // rep insb, of three bytes; out 0x20, al
    try (KvmFixture guest =
        guest(
            "f36c e620",
            Registers.ZERO
                .with(Register.RDX, 0x80)
                .with(Register.RDI, NVDIMM)
                .with(Register.RCX, 3))) {
      guest.expect(VcpuExit.PortRead.class).answer(1);
      Registers registers = guest.cpu.registers();
      IllegalStateException refused =
          assertThrows(IllegalStateException.class, () -> guest.cpu.setRegisters(registers));
      assertTrue(refused.getMessage().contains("several times"), refused::getMessage);
      guest.expect(VcpuExit.PortRead.class).answer(2);
      guest.expect(VcpuExit.PortRead.class).answer(3);
      guest.cpu.setRegisters(guest.cpu.registers().with(Register.RAX, 9));
      assertEquals(new VcpuExit.PortWrite(0x20, 1, 9), guest.cpu.run());
      assertEquals(
          0x030201, guest.machine.memory().getInt(new GuestAddress(NVDIMM), LITTLE_ENDIAN));
    }
  }

  @Test
  @DisplayName("ports and device registers are answered, once, and unanswered ones have all bits")
  void devices() throws Exception {
    // in eax, dx; mov ebx, [rsi]; in ax, dx; mov [rsi+8], rbx; out dx, eax
    try (KvmFixture guest =
        guest(
            "ed 8b1e 66ed 48895e08 ef",
            Registers.ZERO.with(Register.RDX, 0x1f0).with(Register.RSI, NOWHERE))) {
      VcpuExit.PortRead in = guest.expect(VcpuExit.PortRead.class);
      assertEquals(0x1f0, in.port());
      assertEquals(4, in.width());
      in.answer(0xcafe0000L);
      assertThrows(IllegalStateException.class, () -> in.answer(0));
      VcpuExit.MmioRead load = guest.expect(VcpuExit.MmioRead.class);
      assertEquals(new GuestAddress(NOWHERE), load.address());
      assertEquals(4, load.width());
      load.answer(0x12345678);
      VcpuExit.PortRead unanswered = guest.expect(VcpuExit.PortRead.class);
      assertEquals(2, unanswered.width());
      assertEquals(
          new VcpuExit.MmioWrite(new GuestAddress(NOWHERE + 8), 8, 0x12345678), guest.cpu.run());
      assertEquals(new VcpuExit.PortWrite(0x1f0, 4, 0xcafeffffL), guest.cpu.run());
      assertThrows(IllegalStateException.class, () -> unanswered.answer(0));
    }
  }

  @Test
  @DisplayName("a repeated instruction gives an exit for each element, in order")
  void repeatedInstructions() throws Exception {
    // rep outsw; rep insb; out dx, al
    try (KvmFixture guest =
        guest(
            "66f36f 4889f9 4889df f36c ee",
            Registers.ZERO
                .with(Register.RCX, 3)
                .with(Register.RDX, 0x80)
                .with(Register.RSI, DATA)
                .with(Register.RDI, 2) // the second count
                .with(Register.RBX, NVDIMM))) {
      for (int i = 0; i < 3; i++) {
        guest
            .machine
            .memory()
            .setShort(new GuestAddress(DATA + 2 * i), (short) (i + 7), LITTLE_ENDIAN);
      }
      for (int i = 0; i < 3; i++) {
        assertEquals(new VcpuExit.PortWrite(0x80, 2, i + 7), guest.cpu.run());
      }
      guest.expect(VcpuExit.PortRead.class).answer('a');
      guest.expect(VcpuExit.PortRead.class).answer('b');
      guest.expect(VcpuExit.PortWrite.class);
      assertEquals(
          'a' | 'b' << 8, guest.machine.memory().getShort(new GuestAddress(NVDIMM), LITTLE_ENDIAN));
    }
  }

  @Test
  @DisplayName("a guest that runs is interrupted from another thread, and goes on")
  void interrupted() throws Exception {
    // inc rax; mov [rbx], rax; jmp back
    try (KvmFixture guest =
        guest("48ffc0 488903 ebf8", Registers.ZERO.with(Register.RBX, NVDIMM))) {
      long last = 0;
      for (int i = 0; i < 20; i++) {
        Future<VcpuExit> run = guest.start();
        guest.cpu.interrupt();
        assertEquals(new VcpuExit.Interrupted(), run.get(60, TimeUnit.SECONDS));
        long now = guest.cpu.registers().get(Register.RAX);
        assertTrue(now >= last, "its registers go on");
        last = now;
      }
    }
  }

  @Test
  @DisplayName("an interrupt is taken as soon as the guest lets it in, and one at a time")
  void interrupts() throws Exception {
    long table = 0xd000;
    long descriptors = 0xe000;
    long handler = LongModeGuest.CODE + 0x100;
    int vector = 0x40;
    // out 0x10, al; sti is not allowed at CPL 3: the flag is set from outside; jmp to itself
    try (KvmFixture guest = guest("e610 ebfe", Registers.ZERO)) {
      GuestMemory memory = guest.machine.memory();
      memory.setLong(new GuestAddress(descriptors + 8), 0x00af_fb00_0000_ffffL, LITTLE_ENDIAN);
      memory.setLong(new GuestAddress(descriptors + 16), 0x00cf_f300_0000_ffffL, LITTLE_ENDIAN);
      memory.setLong(new GuestAddress(descriptors + 32), 0x00af_9b00_0000_ffffL, LITTLE_ENDIAN);
      memory.setLong(new GuestAddress(0xa004), 0x5_0000, LITTLE_ENDIAN); // the handler's stack
      // an interrupt gate to the handler, in the code segment of level 0
      long gate = (handler & 0xffff) | 32L << 16 | 0x8eL << 40 | handler >> 16 << 48;
      memory.setLong(new GuestAddress(table + vector * 16), gate, LITTLE_ENDIAN);
      memory.setShort(new GuestAddress(handler), (short) 0x12e6, LITTLE_ENDIAN); // out 0x12, al
      guest.cpu.setSystemRegisters(
          guest
              .cpu
              .systemRegisters()
              .withGdt(new SystemRegisters.Table(descriptors, 39))
              .withIdt(new SystemRegisters.Table(table, 0xfff)));
      assertTrue(guest.cpu.inject(vector));
      assertFalse(guest.cpu.inject(vector), "one waits already");
      assertEquals(0x10, guest.expect(VcpuExit.PortWrite.class).port(), "it lets none in yet");
      guest.cpu.writer().pause(java.time.Duration.ofSeconds(20)); // completes the instruction
      guest.cpu.setRegisters(guest.cpu.registers().with(Register.RFLAGS, 0x202));
      guest.cpu.writer().resume();
      assertEquals(0x12, guest.expect(VcpuExit.PortWrite.class).port(), "the handler's");
      assertTrue(guest.cpu.inject(vector), "the first was taken");
    }
  }

  @Test
  @DisplayName("an exception without handler shuts the guest down")
  void shutDown() throws Exception {
    try (KvmFixture guest = guest("0f0b", Registers.ZERO)) { // ud2
      assertInstanceOf(Ended.Shutdown.class, guest.cpu.run());
    }
  }

  @Test
  @DisplayName("a guest that halts says so, and goes on behind it")
  void halted() throws Exception {
    // hlt; out 0x10, al, which need CPL 0
    try (KvmFixture guest =
        new KvmFixture(KvmFixture.file(folder.resolve("nv")), "f4 e610", 0, Registers.ZERO)) {
      guest.expect(VcpuExit.Halted.class);
      guest.expect(VcpuExit.PortWrite.class);
    }
  }

  @Test
  @DisplayName("registers that no CPU takes are a typed end, or refused where they are set")
  void impossibleRegisters() throws Exception {
    try (KvmFixture guest = guest("e610", Registers.ZERO)) {
      guest.cpu.setRegisters(guest.cpu.registers().with(Register.RIP, 0x8000_0000_0000_0000L));
      assertInstanceOf(Ended.class, guest.cpu.run());
    }
  }

  @Test
  @DisplayName("with XCR0 set a guest has AVX's registers, where the CPU has them")
  void vectors() throws Exception {
    // vmovq xmm1, rax; vpbroadcastq ymm1, xmm1; vmovdqu [rbx], ymm1; out 0x10, al
    try (KvmFixture guest =
        guest(
            "c4e1f96ec8 c4e27d59c9 c5fe7f0b e610",
            Registers.ZERO.with(Register.RBX, NVDIMM).with(Register.RAX, 77))) {
      guest.cpu.setXcr0(7);
      guest.expect(VcpuExit.PortWrite.class);
      for (long number : KvmFixture.numbers(folder.resolve("nv"), 4)) {
        assertEquals(77, number);
      }
    }
  }

  @Test
  @DisplayName("what is closed is not run, and closing ends a run")
  void closed() throws Exception {
    try (KvmFixture guest = guest("ebfe", Registers.ZERO)) {
      Future<VcpuExit> run = guest.start();
      guest.cpu.interrupt();
      run.get(60, TimeUnit.SECONDS);
      Future<VcpuExit> second = guest.start();
      guest.kvm.close();
      try {
        assertEquals(new VcpuExit.Interrupted(), second.get(60, TimeUnit.SECONDS));
      } catch (java.util.concurrent.ExecutionException late) {
        assertInstanceOf(IllegalStateException.class, late.getCause()); // closed before it began
      }
      assertThrows(IllegalStateException.class, guest.cpu::run);
    }
  }
}
