package holdfast.vcpu.unicorn;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.vcpu.api.MemoryFault.PageLost;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.api.VcpuExit.Interrupted;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What other threads do while one runs a vCPU, or works out why its guest left. */
@Timeout(120)
class UnicornThreadsTest {
  private static final String STORES = "48890b ebfb | l: mov [rbx], rcx; jmp l";

  @TempDir Path folder;

  @Test
  @DisplayName("a second thread is refused while the first one's exit is worked out")
  void refused() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.X86_64).code(STORES)) {
      guest.set(X86Register.RBX, guest.nvdimm.address().value());
      CountDownLatch working = new CountDownLatch(1);
      CountDownLatch go = new CountDownLatch(1);
      guest.memory.addListener(
          new GuestMemoryListener() {
            @Override
            public void deviceAdded(MemoryDevice device) {}

            @Override
            public void deviceRemoved(MemoryDevice device) {}

            @Override
            public void regionChanged(MemoryRegion region) {
              working.countDown();
              try {
                assertTrue(go.await(30, SECONDS));
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            }
          });
      try (FileChannel channel = FileChannel.open(guest.image, StandardOpenOption.WRITE)) {
        channel.truncate(0);
      }
      Future<VcpuExit> run = guest.start();
      assertTrue(working.await(30, SECONDS));
      guest.cpu.interrupt(); // so that a run which is not refused ends
      try {
        IllegalStateException second = assertThrows(IllegalStateException.class, guest.cpu::run);
        assertEquals("another thread runs this vCPU", second.getMessage());
      } finally {
        go.countDown();
      }
      assertInstanceOf(PageLost.class, run.get(30, SECONDS));
    }
  }

  @Test
  @DisplayName("the state of a guest that runs is saved and loaded at once, and it goes on")
  void savesWhileRunning() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.X86_64)) {
      guest.code("48 ff03 ebfb | l: inc qword ptr [rbx]; jmp l");
      guest.set(X86Register.RBX, guest.nvdimm.address().value());
      Future<VcpuExit> run = guest.start();
      guest.awaitStores();
      ByteArrayOutputStream saved = new ByteArrayOutputStream();
      FutureTask<Void> save =
          new FutureTask<>(
              () -> {
                guest.cpu.state().save(saved);
                guest.cpu.state().load(1, new ByteArrayInputStream(saved.toByteArray()));
                return null;
              });
      Thread.ofPlatform().daemon().start(save);
      save.get(30, SECONDS);
      guest.awaitStores();
      assertFalse(run.isDone());
      guest.cpu.interrupt();
      assertEquals(new Interrupted(), run.get(30, SECONDS));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @DisplayName("a vCPU that is closed in the midst of its exits ends as one that was interrupted")
  void closedInTheMidst(boolean readOnly) throws Exception {
    Files.write(folder.resolve("nv.img"), new byte[1 << 20]);
    String[] none = {};
    String properties = readOnly ? "share=on,readonly=on,rom=on" : "share=on";
    Random random = new Random(1);
    try (Guest guest = Guest.open(folder, Architecture.X86_64, properties, none).code(STORES)) {
      for (int i = 0; i < 400; i++) {
        UnicornVcpu cpu = UnicornVcpu.open(guest.memory, Architecture.X86_64, "cpu1");
        cpu.write(X86Register.RBX, readOnly ? guest.nvdimm.address().value() : Guest.DEVICE);
        cpu.write(X86Register.RIP, guest.code.value());
        CountDownLatch began = new CountDownLatch(3);
        FutureTask<String> run =
            new FutureTask<>(
                () -> {
                  try {
                    while (true) {
                      if (cpu.run() instanceof Interrupted) {
                        return "the vCPU is closed";
                      }
                      began.countDown();
                    }
                  } catch (IllegalStateException e) {
                    return e.getMessage();
                  }
                });
        Thread.ofPlatform().daemon().start(run);
        assertTrue(began.await(30, SECONDS));
        LockSupport.parkNanos(random.nextInt(300_000)); // into any step of an exit
        cpu.close();
        assertEquals("the vCPU is closed", run.get(30, SECONDS));
      }
    }
  }
}
