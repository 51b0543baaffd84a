package holdfast.vcpu.unicorn;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.LostMemoryException;
import holdfast.machine.api.RegionState;
import holdfast.vcpu.api.MemoryFault;
import holdfast.vcpu.api.MemoryFault.PageLost;
import holdfast.vcpu.api.MemoryFault.StoredReadOnly;
import holdfast.vcpu.api.MemoryFault.Unplugged;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.api.VcpuExit.Halted;
import holdfast.vcpu.api.VcpuExit.MmioRead;
import holdfast.vcpu.api.VcpuExit.PortWrite;
import holdfast.vcpu.api.VcpuExit.Trap;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
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
import org.junit.jupiter.params.provider.EnumSource;
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
      assertInstanceOf(MmioRead.class, guest.cpu.run()); // nothing is told of the store
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

  /** What comes between two exits of an instruction. */
  enum Between {
    NOTHING,
    PAUSE,
    MIGRATION
  }

  /** Takes the vCPU's state off in a pause, and loads it again. */
  private static void between(Between what, Guest guest) throws Exception {
    if (what == Between.NOTHING) {
      return;
    }
    assertTrue(guest.cpu.writer().pause(LIMIT));
    if (what == Between.MIGRATION) {
      ByteArrayOutputStream saved = new ByteArrayOutputStream();
      guest.cpu.state().save(saved);
      guest.cpu.state().load(1, new ByteArrayInputStream(saved.toByteArray()));
    }
    guest.cpu.writer().resume();
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("an instruction that loads twice gets both answers, whatever comes between them")
  void secondLoad(Between between) throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.ARM64)) {
      guest.words("a9400440 | ldp x0, x1, [x2]\nd503207f | wfi\n");
      guest.set(Arm64Register.X2, Guest.DEVICE);
      answer(guest, 0x11);
      between(between, guest);
      MmioRead second = assertInstanceOf(MmioRead.class, guest.cpu.run());
      assertEquals(DEVICE.plus(8), second.address());
      second.answer(0x12);
      between(between, guest);
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(0x11, Arm64Register.X0);
      guest.assertRegister(0x12, Arm64Register.X1);
    }
    Files.delete(folder.resolve("nv.img"));
    try (Guest guest = x86("0f1003 f4 | movups xmm0, [rbx]; hlt")) {
      answer(guest, 0x11);
      between(between, guest);
      answer(guest, 0x12);
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(0x11, X86Register.XMM0);
    }
  }

  @Test
  @DisplayName("an instruction that stores to devices and loads from them takes each answer")
  void storesAndLoads() throws Exception {
    try (Guest guest = x86("c8000002 90 f4 | enter 0, 2; nop; hlt")) {
      guest.set(X86Register.RSP, Guest.DEVICE + 0x100);
      guest.set(X86Register.RBP, Guest.DEVICE + 0x80);
      for (int i = 0; i < 10; i++) {
        VcpuExit exit = guest.cpu.run();
        if (exit instanceof MmioRead load) {
          load.answer(7);
        }
        if (exit instanceof Halted) {
          return;
        }
      }
      fail("it does not end");
    }
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("what an answered instruction writes to a port, or raises, is told, once")
  void toldLater(Between between) throws Exception {
    try (Guest guest = x86("6e f4 | outsb; hlt")) {
      guest.set(X86Register.RSI, Guest.DEVICE);
      guest.set(X86Register.RDX, 0x20);
      answer(guest, 0x41);
      between(between, guest);
      assertEquals(new PortWrite(0x20, 1, 0x41), guest.cpu.run());
      assertEquals(new Halted(), guest.cpu.run());
      guest.code("f633 90 f4 | div byte ptr [rbx]; nop; hlt");
      guest.set(X86Register.RAX, 100);
      answer(guest, 0);
      between(between, guest);
      assertEquals(new Trap(0), guest.cpu.run());
      assertEquals(0, guest.at());
    }
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("memory that is gone or read-only is told of each access of an instruction")
  void secondAccess(Between between) throws Exception {
    try (Guest guest = x86(PUSH)) {
      long gone = guest.nvdimm.address().value();
      guest.machine.admin().unplug("nv0");
      guest.set(X86Register.RSP, gone + 0x8000);
      answer(guest, 7);
      between(between, guest);
      Unplugged store = assertInstanceOf(Unplugged.class, guest.cpu.run());
      assertEquals(new MemoryFault.Access(new GuestAddress(gone + 0x7ff8), 8, true), store.at());
      assertEquals("nv0", store.device());
      assertEquals(new Halted(), guest.cpu.run());

      guest.code("48a7 f4 | cmpsq; hlt");
      guest.set(X86Register.RSI, gone);
      guest.set(X86Register.RDI, Guest.DEVICE);
      answer(guest, -1);
      between(between, guest);
      assertEquals(
          new MemoryFault.Access(new GuestAddress(gone), 8, false),
          assertInstanceOf(Unplugged.class, guest.cpu.run()).at());
      assertEquals(new Halted(), guest.cpu.run());

      guest.code("0f1103 f4 | movups [rbx], xmm0; hlt");
      guest.set(X86Register.RBX, gone);
      for (int half = 0; half < 2; half++) {
        assertEquals(
            new MemoryFault.Access(new GuestAddress(gone + 8 * half), 8, true),
            assertInstanceOf(Unplugged.class, guest.cpu.run()).at());
        between(between, guest);
      }
      assertEquals(new Halted(), guest.cpu.run());

      guest.code("0f1003 f4 | movups xmm0, [rbx]; hlt");
      for (int half = 0; half < 2; half++) {
        assertEquals(
            new MemoryFault.Access(new GuestAddress(gone + 8 * half), 8, false),
            assertInstanceOf(Unplugged.class, guest.cpu.run()).at());
        between(between, guest);
      }
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(-1, X86Register.XMM0);
    }
    Files.delete(folder.resolve("nv.img"));
    try (Guest guest = readOnly(PUSH)) {
      guest.set(X86Register.RSP, guest.nvdimm.address().value() + 0x8000);
      answer(guest, 7);
      between(between, guest);
      StoredReadOnly store = assertInstanceOf(StoredReadOnly.class, guest.cpu.run());
      assertEquals("nv0", store.device().id());
      assertEquals(new Halted(), guest.cpu.run());
    }
  }
}
