package holdfast.vcpu.unicorn;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.LostMemoryException;
import holdfast.machine.api.RegionState;
import holdfast.vcpu.api.MemoryFault;
import holdfast.vcpu.api.MemoryFault.PageLost;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.api.VcpuExit.MmioRead;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.Future;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One instruction that meets several things: devices, lost pages, what was unplugged. */
@Timeout(120)
class UnicornInstructionTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final GuestAddress DEVICE = new GuestAddress(Guest.DEVICE);
  private static final String PUSH = "ff33 90 f4 | push [rbx]; nop; hlt";

  @TempDir Path folder;

  private Guest x86(String code) throws Exception {
    Guest guest = Guest.open(folder, Architecture.X86_64).code(code);
    guest.set(X86Register.RBX, Guest.DEVICE);
    return guest;
  }

  private Guest readOnly(String code) throws Exception {
    Files.write(folder.resolve("nv.img"), new byte[1 << 20]);
    String[] none = {};
    Guest guest =
        Guest.open(folder, Architecture.X86_64, "share=on,readonly=on,rom=on", none).code(code);
    guest.set(X86Register.RBX, Guest.DEVICE);
    return guest;
  }

  private static void truncate(Guest guest, long size) throws Exception {
    try (FileChannel channel = FileChannel.open(guest.image, StandardOpenOption.WRITE)) {
      channel.truncate(size);
    }
  }

  private static void pause(Guest guest) throws Exception {
    assertTrue(guest.cpu.writer().pause(LIMIT));
    guest.cpu.writer().resume();
  }

  private static void answer(Guest guest, long value) {
    assertInstanceOf(MmioRead.class, guest.cpu.run()).answer(value);
  }

  private static void assertFailed(Guest guest, long offset) {
    assertEquals(RegionState.FAILED, guest.nvdimm.region().state());
    assertThrows(
        LostMemoryException.class, () -> guest.memory.getByte(guest.nvdimm.address().plus(offset)));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @DisplayName("a page that is lost within an instruction that a device answers is told")
  void lostWithinAnswered(boolean paused) throws Exception {
    try (Guest guest = x86(PUSH)) {
      guest.set(X86Register.RSP, guest.nvdimm.address().value() + 0x8000);
      truncate(guest, 4096);
      answer(guest, 7);
      if (paused) {
        pause(guest);
      }
      assertInstanceOf(PageLost.class, guest.cpu.run());
      assertFailed(guest, 0x7ff8);
    }
  }

  @Test
  @DisplayName("a store into a read-only file that was truncated is told as a lost page")
  void lostReadOnly() throws Exception {
    try (Guest guest = readOnly("48 8903 f4 | mov [rbx], rax; hlt")) {
      guest.set(X86Register.RBX, guest.nvdimm.address().value() + 0x8000);
      truncate(guest, 4096);
      assertInstanceOf(PageLost.class, guest.cpu.run());
      assertFailed(guest, 0x8000);
    }
    try (Guest guest = readOnly(PUSH)) {
      guest.set(X86Register.RSP, guest.nvdimm.address().value() + 0x8000);
      truncate(guest, 4096);
      answer(guest, 7);
      assertInstanceOf(PageLost.class, guest.cpu.run());
      assertFailed(guest, 0x7ff8);
    }
  }

  @Test
  @DisplayName(
      "a device that is unplugged and deleted as the guest meets its lost pages is a typed exit,"
          + " and nothing is mapped where it was")
  void lostAndUnplugged() throws Exception {
    for (int i = 0; i < 100; i++) {
      try (Guest guest =
          x86(
              """
              48 ffc0              | l: inc rax
              48 89c1              | mov rcx, rax
              48 81e1 ffff0100     | and rcx, 0x1ffff
              48 8904cb            | mov [rbx + rcx*8], rax
              eb ee                | jmp l
              """)) {
        guest.set(X86Register.RBX, guest.nvdimm.address().value());
        Future<VcpuExit> run = guest.start();
        guest.awaitOther(guest.nvdimm.address().plus(8), 0);
        truncate(guest, 0);
        guest.machine.admin().unplug("nv0");
        guest.machine.admin().removeObject("nv");
        assertInstanceOf(MemoryFault.class, run.get(30, SECONDS));
      }
      Files.delete(folder.resolve("nv.img"));
      try (var maps = Files.lines(Path.of("/proc/self/maps"))) {
        assertEquals(0, maps.filter(line -> line.contains("holdfast-lost")).count());
      }
    }
  }
}
