package holdfast.vcpu.kvm;

import static holdfast.vcpu.kvm.LongModeGuest.DATA;
import static holdfast.vcpu.kvm.LongModeGuest.NOWHERE;
import static holdfast.vcpu.kvm.LongModeGuest.NVDIMM;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestWriter;
import holdfast.vcpu.api.VcpuExit;
import java.io.ByteArrayOutputStream;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A paused vCPU stores nothing, and a pause comes, whatever the guest does. */
@Timeout(120)
class KvmPauseTest {
  private static final Duration LONG = Duration.ofSeconds(20);

  @TempDir Path folder;

  private KvmFixture guest(String code, Registers registers) throws Exception {
    return new KvmFixture(KvmFixture.file(folder.resolve("nv")), code, registers);
  }

  private static long number(KvmFixture guest, long address) {
    return guest.machine.memory().getLong(new GuestAddress(address), ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  @DisplayName("a guest that never leaves its code by itself is paused and goes on, many times")
  void inATightLoop() throws Exception {
    // inc rax; mov [rbx], rax; jmp back
    try (KvmFixture guest =
        guest("48ffc0 488903 ebf8", Registers.ZERO.with(Register.RBX, NVDIMM))) {
      Future<VcpuExit> run = guest.start();
      GuestWriter writer = guest.cpu.writer();
      long longest = 0;
      for (int i = 0; i < 300; i++) {
        long began = System.nanoTime();
        assertTrue(writer.pause(LONG));
        longest = Math.max(longest, System.nanoTime() - began);
        long stored = number(guest, NVDIMM);
        long register = guest.cpu.registers().get(Register.RAX);
        assertTrue(register == stored || register == stored + 1, "between two instructions");
        assertEquals(stored, number(guest, NVDIMM), "nothing is stored in a pause");
        writer.resume();
      }
      System.out.println("the longest of 300 pauses: " + longest / 1000 + " us");
      assertFalse(run.isDone(), "the run goes on by itself after each pause");
      guest.cpu.interrupt();
      assertEquals(new VcpuExit.Interrupted(), run.get(60, TimeUnit.SECONDS));
    }
  }

  @Test
  @DisplayName("a run that begins in a pause waits for its end, or for an interrupt")
  void runsInAPause() throws Exception {
    try (KvmFixture guest = guest("e610 ebfc", Registers.ZERO)) { // out 0x10, al; jmp back
      GuestWriter writer = guest.cpu.writer();
      assertTrue(writer.pause(LONG));
      Future<VcpuExit> run = guest.start();
      guest.cpu.interrupt();
      assertEquals(new VcpuExit.Interrupted(), run.get(60, TimeUnit.SECONDS));
      Future<VcpuExit> second = guest.start();
      writer.resume();
      assertInstanceOf(VcpuExit.PortWrite.class, second.get(60, TimeUnit.SECONDS));
    }
  }

  @Test
  @DisplayName("a read that waits for its answer holds the pause, which then completes the read")
  void withinARead() throws Exception {
    // insb, which stores what port 0x80 answers; out 0x10, al
    try (KvmFixture guest =
        guest("6c e610", Registers.ZERO.with(Register.RDX, 0x80).with(Register.RDI, NVDIMM))) {
      VcpuExit.PortRead read = guest.expect(VcpuExit.PortRead.class);
      GuestWriter writer = guest.cpu.writer();
      assertFalse(writer.pause(Duration.ofMillis(5)));
      Future<Boolean> pause = KvmFixture.start(() -> writer.pause(LONG));
      read.answer(0x42);
      assertTrue(pause.get(60, TimeUnit.SECONDS));
      assertEquals(0x42, number(guest, NVDIMM), "its store is done when the pause is reached");
      assertEquals(
          NVDIMM + 1, guest.cpu.registers().get(Register.RDI), "and its registers are set");
      writer.resume();
      guest.expect(VcpuExit.PortWrite.class);
    }
  }

  @Test
  @DisplayName("a copy from a device's memory into guest memory is completed by the pause")
  void withinACopyFromADevice() throws Exception {
    // movsq; out 0x10, al
    try (KvmFixture guest =
        guest("48a5 e610", Registers.ZERO.with(Register.RSI, NOWHERE).with(Register.RDI, NVDIMM))) {
      guest.expect(VcpuExit.MmioRead.class).answer(0x1234_5678_9abcL);
      GuestWriter writer = guest.cpu.writer();
      assertTrue(writer.pause(LONG));
      assertEquals(0x1234_5678_9abcL, number(guest, NVDIMM));
      writer.resume();
      guest.expect(VcpuExit.PortWrite.class);
    }
  }

  @Test
  @DisplayName("stores of a device in the vCPU's thread wait for the end of a pause")
  void storesOfADevice() throws Exception {
    try (KvmFixture guest = guest("e610", Registers.ZERO)) {
      guest.expect(VcpuExit.PortWrite.class);
      GuestWriter writer = guest.cpu.writer();
      assertTrue(writer.pause(LONG));
      GuestAddress address = new GuestAddress(DATA);
      Future<Boolean> store =
          KvmFixture.start(
              () -> {
                guest.cpu.store(
                    () -> guest.machine.memory().setLong(address, 1, ByteOrder.LITTLE_ENDIAN));
                return true;
              });
      assertEquals(0, number(guest, DATA));
      writer.resume();
      assertTrue(store.get(60, TimeUnit.SECONDS));
      assertEquals(1, number(guest, DATA));
    }
  }

  @Test
  @DisplayName(
      "a run without the answer gives it up, and the pause and the state have all bits set")
  void withoutAnAnswer() throws Exception {
    try (KvmFixture guest = guest("e410 e620", Registers.ZERO)) { // in al, 0x10; out 0x20, al
      guest.expect(VcpuExit.PortRead.class);
      GuestWriter writer = guest.cpu.writer();
      FutureTask<Boolean> pause = new FutureTask<>(() -> writer.pause(LONG));
      Thread pauser = Thread.ofPlatform().daemon().start(pause);
      while (pauser.getState() != Thread.State.TIMED_WAITING) { // for the answer
        Thread.onSpinWait();
      }
      Future<VcpuExit> run = guest.start();
      assertTrue(pause.get(60, TimeUnit.SECONDS));
      guest.cpu.state().save(new ByteArrayOutputStream());
      assertEquals(0xff, guest.cpu.registers().get(Register.RAX));
      writer.resume();
      assertEquals(new VcpuExit.PortWrite(0x20, 1, 0xff), run.get(60, TimeUnit.SECONDS));
    }
  }

  @Test
  @DisplayName("a guest that is interrupted without end is paused, goes on, and gets some time")
  void stormOfInterrupts() throws Exception {
    // inc rax; jmp back
    try (KvmFixture guest = guest("48ffc0 ebfb", Registers.ZERO)) {
      AtomicBoolean stop = new AtomicBoolean();
      CountDownLatch runs = new CountDownLatch(1000);
      Future<Boolean> run =
          KvmFixture.start(
              () -> {
                while (!stop.get()) {
                  assertEquals(new VcpuExit.Interrupted(), guest.cpu.run());
                  runs.countDown();
                }
                return true;
              });
      Future<Long> storm =
          KvmFixture.start(
              () -> {
                long count = 0;
                while (!stop.get()) {
                  guest.cpu.interrupt();
                  count++;
                }
                return count;
              });
      assertTrue(runs.await(30, TimeUnit.SECONDS), "a run returns each time, however many come");
      GuestWriter writer = guest.cpu.writer();
      for (int i = 0; i < 20; i++) {
        assertTrue(writer.pause(LONG));
        writer.resume();
      }
      assertTrue(guest.cpu.registers().get(Register.RAX) != 0, "it gets some time");
      stop.set(true);
      assertTrue(storm.get(60, TimeUnit.SECONDS) > 0);
      guest.cpu.interrupt();
      assertTrue(run.get(60, TimeUnit.SECONDS));
    }
  }

  @Test
  @DisplayName("a virtual thread, which no pause could stop, is refused by name")
  void virtualThread() throws Exception {
    try (KvmFixture guest = guest("e610", Registers.ZERO)) {
      FutureTask<VcpuExit> run = new FutureTask<>(guest.cpu::run);
      Thread.ofVirtual().start(run);
      ExecutionException refused =
          assertThrows(ExecutionException.class, () -> run.get(60, TimeUnit.SECONDS));
      assertInstanceOf(IllegalStateException.class, refused.getCause());
      assertTrue(refused.getMessage().contains("virtual thread"), refused::getMessage);
      guest.expect(VcpuExit.PortWrite.class); // a platform thread can
    }
  }
}
