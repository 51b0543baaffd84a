package holdfast.vcpu.unicorn;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.core.Holdfast;
import holdfast.vcpu.api.EngineLackingException;
import holdfast.vcpu.api.EngineMissingException;
import holdfast.vcpu.api.MemoryFault.StoredReadOnly;
import holdfast.vcpu.api.MemoryFault.Unplugged;
import holdfast.vcpu.api.VcpuException;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.api.VcpuExit.Halted;
import holdfast.vcpu.api.VcpuExit.Interrupted;
import holdfast.vcpu.api.VcpuExit.MmioWrite;
import holdfast.vcpu.api.VcpuExit.PortWrite;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.Future;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A vCPU's memory is the machine's, whatever is plugged, unplugged or changed. */
@Timeout(60)
class UnicornMemoryTest {
  private static final GuestAddress PLACE = new GuestAddress(8L << 30);

  @TempDir Path folder;

  private static void plug(Guest guest) throws Exception {
    guest.machine.admin().addObject("memory-backend-ram", Map.of("id", "m1", "size", "1M"));
    guest.machine.admin().plug("pc-dimm", Map.of("id", "d1", "memdev", "m1", "addr", "" + PLACE));
  }

  private static void unplug(Guest guest) throws Exception {
    guest.machine.admin().unplug("d1");
    guest.machine.admin().removeObject("m1");
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("what each architecture's code stores is in the backing file, seen by another open")
  void storesArrive(Architecture architecture) throws Exception {
    try (Guest guest = Guest.open(folder, architecture)) {
      long to = guest.nvdimm.address().value();
      switch (architecture) {
        case X86_64 -> {
          guest.code(
              """
              48 8903           | mov [rbx], rax
              f0 48 ff4308      | lock inc qword ptr [rbx + 8]
              48 0fc34310       | movnti [rbx + 16], rax
              f4                | hlt
              """);
          guest.set(X86Register.RBX, to);
          guest.set(X86Register.RAX, 0x1122334455667788L);
        }
        case ARM64 -> {
          guest.words(
              """
              f9000020 | str x0, [x1]
              91002021 | add x1, x1, 8
              c85f7c22 | ldxr x2, [x1]
              91000442 | add x2, x2, 1
              c8037c22 | stxr w3, x2, [x1]
              f9000420 | str x0, [x1, 8]
              d503207f | wfi
              """);
          guest.set(Arm64Register.X1, to);
          guest.set(Arm64Register.X0, 0x1122334455667788L);
        }
        case RISCV64 -> {
          guest.words(
              """
              00a5b023 | sd a0, 0(a1)
              00858593 | addi a1, a1, 8
              00100613 | li a2, 1
              00c5b02f | amoadd.d zero, a2, (a1)
              00a5b423 | sd a0, 8(a1)
              10500073 | wfi
              """);
          guest.set(RiscvRegister.X11, to);
          guest.set(RiscvRegister.X10, 0x1122334455667788L);
        }
      }
      assertEquals(new Halted(), guest.cpu.run());
      assertEquals(0x1122334455667788L, guest.inFile(0));
      assertEquals(1, guest.inFile(8));
      assertEquals(0x1122334455667788L, guest.inFile(16));
    }
  }

  @Test
  @DisplayName(
      "a device that is plugged while the guest runs can be stored into, and is a fault after it"
          + " was unplugged, from which the guest goes on; a new one there has only its own bytes")
  void plugAndUnplug() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.X86_64)) {
      guest.code(
          """
          48 8903    | mov [rbx], rax
          48 8b0b    | mov rcx, [rbx]
          f4         | hlt
          """);
      guest.set(X86Register.RBX, PLACE.value());
      guest.set(X86Register.RAX, 7);
      assertEquals(new MmioWrite(PLACE, 8, 7), guest.cpu.run());
      plug(guest); // while a load of the same place is still to come
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(0, X86Register.RCX);
      guest.set(X86Register.RIP, guest.code.value());
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(7, X86Register.RCX);
      assertEquals(7, guest.load(PLACE));

      unplug(guest);
      guest.set(X86Register.RIP, guest.code.value());
      Unplugged store = assertInstanceOf(Unplugged.class, guest.cpu.run());
      assertEquals(
          "a store of 8 bytes at 0x200000000: device 'd1' stood there and was unplugged; have the"
              + " guest give a device up before it is unplugged",
          store.sentence());
      assertInstanceOf(Unplugged.class, guest.cpu.run());
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(-1, X86Register.RCX);

      plug(guest);
      guest.set(X86Register.RIP, guest.code.value() + 3);
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(0, X86Register.RCX);
    }
  }

  @Test
  @DisplayName("plugging and unplugging leaves a running guest's other work exact")
  void plugWhileRunning() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.X86_64)) {
      guest.code(
          """
          48 ff03    | l: inc qword ptr [rbx]
          48 ffc0    | inc rax
          eb f8      | jmp l
          """);
      guest.set(X86Register.RBX, guest.nvdimm.address().value());
      Future<VcpuExit> run = guest.start();
      for (int i = 0; i < 20; i++) {
        guest.awaitStores();
        plug(guest);
        guest.awaitStores();
        unplug(guest);
      }
      guest.cpu.interrupt();
      assertEquals(new Interrupted(), run.get(30, SECONDS));
      long counted = guest.cpu.read(X86Register.RAX);
      assertEquals(guest.at() == 3 ? counted + 1 : counted, guest.load(guest.nvdimm.address()));
    }
  }

  @Test
  @DisplayName(
      "a store into a read-only NVDIMM is dropped, and told; loads of the same page, code in it and"
          + " read-modify-writes see its bytes")
  void readOnly() throws Exception {
    byte[] bytes = new byte[1 << 20];
    byte[] code = HexFormat.of().parseHex("48ff0348874308488b0bf4");
    System.arraycopy(code, 0, bytes, 64, code.length);
    bytes[0] = 5;
    bytes[8] = 6;
    Files.write(folder.resolve("nv.img"), bytes);
    String[] none = {};
    try (Guest guest =
        Guest.open(folder, Architecture.X86_64, "share=on,readonly=on,rom=on", none)) {
      long at = guest.nvdimm.address().value();
      guest.set(X86Register.RBX, at);
      guest.set(X86Register.RAX, 9);
      // inc qword ptr [rbx]; xchg [rbx + 8], rax; mov rcx, [rbx]; hlt
      guest.set(X86Register.RIP, at + 64);
      StoredReadOnly first = assertInstanceOf(StoredReadOnly.class, guest.cpu.run());
      assertEquals("nv0", first.device().id());
      assertInstanceOf(StoredReadOnly.class, guest.cpu.run());
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(6, X86Register.RAX);
      guest.assertRegister(5, X86Register.RCX);
      assertEquals(5, guest.inFile(0));
      assertEquals(6, guest.inFile(8));
    }
  }

  @Test
  @DisplayName("code that others changed is run as it is, once the vCPU was told")
  void codeChanged() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.X86_64)) {
      guest.code("b8 01000000 f4 | mov eax, 1; hlt");
      assertEquals(new Halted(), guest.cpu.run());
      guest.memory.write(
          guest.code, MemorySegment.ofArray(HexFormat.of().parseHex("b802000000f4")));
      guest.cpu.codeChanged(GuestRange.of(guest.code, new ByteSize(6)));
      guest.set(X86Register.RIP, guest.code.value());
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(2, X86Register.RAX);
    }
  }

  @Test
  @DisplayName("code that a device changed is run as it is, though the device failed after that")
  void codeChangedByAFailure() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.X86_64)) {
      guest.code("b001 e610 ebfa | l: mov al, 1; out 0x10, al; jmp l");
      GuestRange range = GuestRange.of(guest.code, new ByteSize(16));
      assertEquals(new PortWrite(0x10, 1, 1), guest.cpu.run());
      assertThrows(
          UncheckedIOException.class, () -> guest.cpu.store(range, () -> change(guest, 2)));
      assertEquals(new PortWrite(0x10, 1, 2), guest.cpu.run());
      assertThrows(UncheckedIOException.class, () -> guest.cpu.store(() -> change(guest, 3)));
      assertEquals(new PortWrite(0x10, 1, 3), guest.cpu.run());
    }
  }

  private static void change(Guest guest, int to) {
    guest.memory.setByte(guest.code.plus(1), (byte) to);
    throw new UncheckedIOException(new IOException("the disk failed"));
  }

  @Test
  @DisplayName("code is run as it is after a range was told of that has memory in a part of it")
  void codeChangedInPart() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.ARM64)) {
      guest.words(
          """
          52800020 | l: mov w0, 1
          39000060 | strb w0, [x3]
          17fffffe | b l
          """);
      guest.set(Arm64Register.X3, 0x1000);
      GuestAddress device = new GuestAddress(0x1000);
      GuestRange range = new GuestRange(GuestAddress.ZERO, guest.nvdimm.range().last().plus(4096));
      assertEquals(new MmioWrite(device, 1, 1), guest.cpu.run());
      guest.cpu.store(range, () -> guest.memory.setInt(guest.code, 0x52800040, Guest.LITTLE));
      assertEquals(new MmioWrite(device, 1, 2), guest.cpu.run());
      guest.memory.setInt(guest.code, 0x52800060, Guest.LITTLE);
      guest.cpu.codeChanged(range);
      assertEquals(new MmioWrite(device, 1, 3), guest.cpu.run());
      guest.cpu.codeChanged(new GuestRange(GuestAddress.ZERO, GuestAddress.MAX));
      assertEquals(new MmioWrite(device, 1, 3), guest.cpu.run());
    }
  }

  @Test
  @DisplayName("a guest changes its own code, and runs what it stored")
  void ownCode() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.X86_64)) {
      guest.code(
          """
          c605 01000000 02 | mov byte ptr [rip + 1], 2
          b8 01000000      | mov eax, 1
          f4               | hlt
          """);
      assertEquals(new Halted(), guest.cpu.run());
      guest.assertRegister(2, X86Register.RAX);
    }
  }

  @Test
  @DisplayName("code of a device that was unplugged does not run on in the one that comes there")
  void codeUnplugged() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.X86_64)) {
      for (int i = 1; i < 4; i++) {
        plug(guest);
        guest.memory.write(
            PLACE, MemorySegment.ofArray(HexFormat.of().parseHex("b8" + "0" + i + "000000f4")));
        guest.set(X86Register.RIP, PLACE.value());
        assertEquals(new Halted(), guest.cpu.run());
        guest.assertRegister(i, X86Register.RAX);
        unplug(guest);
      }
      guest.set(X86Register.RIP, PLACE.value());
      assertInstanceOf(Unplugged.class, guest.cpu.run());
    }
  }

  @Test
  @DisplayName("RAM above 4 GiB and large devices are mapped as a whole")
  void large() throws Exception {
    Path image = folder.resolve("large");
    try (Holdfast machine =
            Holdfast.open(
                "-machine", "pc,nvdimm=on",
                "-m", "6G,slots=1,maxmem=8G",
                "-object", "memory-backend-file,id=nv,size=64M,share=on,mem-path=" + image,
                "-device", "nvdimm,id=nv0,memdev=nv");
        UnicornVcpu cpu = Guest.vcpu(machine.memory(), Architecture.X86_64)) {
      machine
          .memory()
          .write(
              new GuestAddress(0x1000), MemorySegment.ofArray(HexFormat.of().parseHex("488903f4")));
      for (MemoryDevice device : machine.memory().devices()) {
        GuestAddress last = device.address().plus(device.size().bytes() - 8);
        cpu.write(X86Register.RIP, 0x1000);
        cpu.write(X86Register.RBX, last.value());
        cpu.write(X86Register.RAX, 77);
        assertEquals(new Halted(), cpu.run());
        assertEquals(77, machine.memory().getLong(last, Guest.LITTLE));
      }
    }
  }

  @Test
  @DisplayName("a library that is not there, or another one, is named, with the package to install")
  void missing() throws Exception {
    try (Guest guest = Guest.open(folder, Architecture.X86_64)) {
      String before = System.getProperty("holdfast.unicorn.library");
      try {
        System.setProperty("holdfast.unicorn.library", "libunicorn.so.99");
        EngineMissingException missing =
            assertThrows(EngineMissingException.class, () -> open(guest));
        assertEquals(
            "Unicorn: libunicorn.so.99 is not there; install Unicorn 2 (Debian: apt install"
                + " libunicorn2), which Holdfast does not ship, since it is GPL-2",
            missing.getMessage());
        System.setProperty("holdfast.unicorn.library", "libc.so.6");
        EngineLackingException other =
            assertThrows(EngineLackingException.class, () -> open(guest));
        assertEquals("Unicorn", other.engine());
      } finally {
        if (before == null) {
          System.clearProperty("holdfast.unicorn.library");
        } else {
          System.setProperty("holdfast.unicorn.library", before);
        }
      }
    }
  }

  private static void open(Guest guest) throws VcpuException {
    UnicornVcpu.open(guest.memory, Architecture.X86_64, "cpu1").close();
  }
}
