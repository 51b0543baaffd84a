package holdfast.vcpu.unicorn;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestWriter;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.api.VcpuExit.Interrupted;
import holdfast.vcpu.api.VcpuExit.MmioRead;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Future;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A paused vCPU is between two instructions, stores nothing, and goes on as if nothing was. */
@Timeout(120)
class UnicornPauseTest {
  /** How often; a long run sets it to 10,000. */
  private static final int TIMES = Integer.getInteger("holdfast.test.pauses", 100);

  private static final Duration LIMIT = Duration.ofSeconds(5);

  @TempDir Path folder;

  @Test
  @DisplayName(
      "each pause is reached within its limit, nothing is stored in it, and no instruction is lost"
          + " or done twice by it: increments, repeated copies and pushes add up")
  void exact() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.X86_64)) {
      guest.code(
          """
          48 ff03            | l: inc qword ptr [rbx]
          48 ffc0            | inc rax
          48 894308          | mov [rbx + 8], rax
          48 8d7310          | lea rsi, [rbx + 16]
          48 8dbb 00100000   | lea rdi, [rbx + 4096]
          b9 08000000        | mov ecx, 8
          f3 48a5            | rep movsq
          50                 | push rax
          48 830424 01       | add qword ptr [rsp], 1
          5a                 | pop rdx
          f0 48ff4328        | lock inc qword ptr [rbx + 40]
          eb d6              | jmp l
          """);
      guest.set(X86Register.RBX, guest.nvdimm.address().value());
      guest.set(X86Register.RSP, guest.ram.value() + (1 << 20));
      Future<VcpuExit> run = guest.start();
      GuestWriter writer = guest.cpu.writer();
      long longest = 0;
      for (int i = 0; i < TIMES; i++) {
        long begun = System.nanoTime();
        assertTrue(writer.pause(LIMIT));
        longest = Math.max(longest, System.nanoTime() - begun);
        long counted = guest.load(guest.nvdimm.address());
        long rax = guest.cpu.read(X86Register.RAX);
        long atomics = guest.load(guest.nvdimm.address().plus(40));
        assertEquals(guest.at() == 3 ? rax + 1 : rax, counted);
        assertTrue(atomics == rax || atomics == rax - 1, atomics + " atomics of " + rax);
        assertEquals(counted, guest.inFile(0));
        assertEquals(counted, guest.load(guest.nvdimm.address()));
        writer.resume();
        guest.awaitStores();
      }
      guest.cpu.interrupt();
      assertEquals(new Interrupted(), run.get(30, SECONDS));
      System.out.println("longest of " + TIMES + " pauses: " + longest / 1000 + " µs");
    }
  }

  @Test
  @DisplayName(
      "within a load that is not answered a pause fails at its limit; with the answer it is reached,"
          + " and the instruction is done in it")
  void answered() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.X86_64)) {
      guest.code(
          """
          a4         | movsb
          f4         | hlt
          """);
      guest.set(X86Register.RSI, Guest.DEVICE);
      guest.set(X86Register.RDI, guest.nvdimm.address().value());
      MmioRead load = assertInstanceOf(MmioRead.class, guest.cpu.run());
      assertEquals(new GuestAddress(Guest.DEVICE), load.address());
      GuestWriter writer = guest.cpu.writer();
      assertFalse(writer.pause(Duration.ofMillis(20)));
      load.answer(0x5a);
      assertTrue(writer.pause(LIMIT));
      assertEquals(0x5a, guest.inFile(0));
      assertEquals(1, guest.at());
      writer.resume();
      assertEquals(new VcpuExit.Halted(), guest.cpu.run());
      assertEquals(0x5a, guest.inFile(0));
    }
  }
}
