package holdfast.vcpu.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.SwapPhase;
import holdfast.vcpu.api.VcpuExit;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Of a vCPU that is closed nothing is reached any more, whoever still has it. */
@Timeout(120)
class KvmCloseTest {
  private static final Duration LONG = Duration.ofSeconds(20);

  /** out 0x10, al; jmp back. */
  private static final String OUT = "e610 ebfc";

  @TempDir Path folder;

  private KvmFixture guest(String code) throws Exception {
    return new KvmFixture(KvmFixture.file(folder.resolve("nv")), code, Registers.ZERO);
  }

  private static void refused(Executable what) {
    IllegalStateException refused = assertThrows(IllegalStateException.class, what);
    assertTrue(refused.getMessage().contains("closed"), refused::getMessage);
  }

  @Test
  @DisplayName("an answer that comes after the end is refused, and reaches no memory")
  void lateAnswer() throws Exception {
    try (KvmFixture guest = guest("e410 ebfc")) { // in al, 0x10
      VcpuExit.PortRead read = guest.expect(VcpuExit.PortRead.class);
      guest.cpu.close();
      refused(() -> read.answer(5));
    }
  }

  @Test
  @DisplayName("a swap goes on while the writer of a closed vCPU is still registered")
  void pause() throws Exception {
    try (KvmFixture guest = guest(OUT)) {
      guest.expect(VcpuExit.PortWrite.class); // whose instruction a pause would complete
      guest.cpu.close();
      assertEquals(
          SwapPhase.DONE,
          guest.swap(Map.of("mem-path", folder.resolve("other").toString())).phase());
    }
  }

  @Test
  @DisplayName("whatever asks for something of a closed vCPU gets an exception that says so")
  void requests() throws Exception {
    try (KvmFixture guest = guest(OUT)) {
      guest.expect(VcpuExit.PortWrite.class);
      ByteArrayOutputStream state = new ByteArrayOutputStream();
      guest.cpu.state().save(state);
      KvmVcpu cpu = guest.cpu;
      Registers registers = cpu.registers();
      SystemRegisters system = cpu.systemRegisters();
      cpu.close();
      // gets the descriptor's number
      KvmVcpu other = guest.kvm.vcpu("other");
      other.setRegisters(Registers.ZERO.with(Register.RAX, 0x1234));
      refused(cpu::run);
      refused(cpu::registers);
      refused(() -> cpu.setRegisters(registers));
      refused(cpu::systemRegisters);
      refused(() -> cpu.setSystemRegisters(system));
      refused(() -> cpu.setXcr0(3));
      refused(() -> cpu.inject(32));
      refused(() -> cpu.store(() -> {}));
      refused(() -> cpu.state().save(new ByteArrayOutputStream()));
      refused(() -> cpu.state().load(1, new ByteArrayInputStream(state.toByteArray())));
      cpu.interrupt();
      cpu.close();
      assertEquals(0x1234, other.registers().get(Register.RAX), "another's registers");
    }
  }

  @Test
  @DisplayName("an end amid pauses and exits harms nobody, many times")
  void amidPauses() throws Exception {
    for (int i = 0; i < 20; i++) {
      try (KvmFixture guest = guest(OUT)) {
        AtomicBoolean stop = new AtomicBoolean();
        CountDownLatch paused = new CountDownLatch(3 + i % 5);
        Future<Boolean> run =
            KvmFixture.start(
                () -> {
                  try {
                    while (!(guest.cpu.run() instanceof VcpuExit.Interrupted)) {}
                    return true;
                  } catch (IllegalStateException closed) { // it was between two runs
                    return closed.getMessage().contains("closed");
                  }
                });
        Future<Boolean> pauses =
            KvmFixture.start(
                () -> {
                  GuestWriter writer = guest.cpu.writer();
                  while (!stop.get()) {
                    assertTrue(writer.pause(LONG));
                    writer.resume();
                    paused.countDown();
                    Thread.yield(); // the gate's lock is not fair
                  }
                  return true;
                });
        assertTrue(paused.await(60, TimeUnit.SECONDS));
        guest.cpu.close();
        stop.set(true);
        assertTrue(run.get(60, TimeUnit.SECONDS), "it ends as if interrupted");
        assertTrue(pauses.get(60, TimeUnit.SECONDS));
      }
    }
  }

  /** Takes nothing before it is told to. */
  private static final class Slow extends OutputStream {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final CountDownLatch asked = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);

    @Override
    public void write(int b) throws IOException {
      asked.countDown();
      try {
        if (!go.await(60, TimeUnit.SECONDS)) {
          throw new IOException("it was never told to");
        }
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      bytes.write(b);
    }
  }

  @Test
  @DisplayName("a state that is being saved neither holds the end up nor suffers from it")
  void duringASave() throws Exception {
    try (KvmFixture guest = guest(OUT)) {
      ByteArrayOutputStream whole = new ByteArrayOutputStream();
      guest.cpu.state().save(whole);
      Slow slow = new Slow();
      Future<Boolean> save =
          KvmFixture.start(
              () -> {
                guest.cpu.state().save(slow);
                return true;
              });
      assertTrue(slow.asked.await(60, TimeUnit.SECONDS));
      Future<Boolean> close =
          KvmFixture.start(
              () -> {
                guest.cpu.close();
                return true;
              });
      assertTrue(close.get(20, TimeUnit.SECONDS));
      slow.go.countDown();
      assertTrue(save.get(60, TimeUnit.SECONDS));
      assertEquals(whole.size(), slow.bytes.size());
    }
  }

  @Test
  @DisplayName("a device's store that waits in a pause ends with the vCPU, and stores nothing")
  void storeInAPause() throws Exception {
    try (KvmFixture guest = guest(OUT)) {
      assertTrue(guest.cpu.writer().pause(LONG));
      AtomicBoolean stored = new AtomicBoolean();
      Future<Boolean> store =
          KvmFixture.start(
              () -> {
                guest.cpu.store(() -> stored.set(true));
                return true;
              });
      guest.cpu.close();
      ExecutionException failed =
          assertThrows(ExecutionException.class, () -> store.get(60, TimeUnit.SECONDS));
      assertTrue(failed.getCause() instanceof IllegalStateException, failed::toString);
      assertFalse(stored.get());
      guest.cpu.writer().resume();
    }
  }
}
