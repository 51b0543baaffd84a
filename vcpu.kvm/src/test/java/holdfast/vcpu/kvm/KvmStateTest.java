package holdfast.vcpu.kvm;

import static holdfast.vcpu.kvm.LongModeGuest.DATA;
import static holdfast.vcpu.kvm.LongModeGuest.NVDIMM;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.api.DeviceState;
import holdfast.machine.api.GuestAddress;
import holdfast.vcpu.api.VcpuExit;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A vCPU's registers go with its guest. */
@Timeout(120)
class KvmStateTest {
  /** Fills registers of each kind, stops, stores them, and stops again. */
  private static final String REGISTERS =
      """
      66480f6ed8          # movq xmm3, rax
      c4e27d59db          # vpbroadcastq ymm3, xmm3
      d9eb                # fldpi
      d9ea                # fldl2e
      e610                # out 0x10, al
      c5fe7f1b            # vmovdqu [rbx], ymm3
      dd5b20              # fstp qword [rbx+32]
      dd5b28              # fstp qword [rbx+40]
      64488b142500000000  # mov rdx, fs:[0]
      48895330            # mov [rbx+48], rdx
      9c                  # pushf
      8f4338              # pop [rbx+56]
      e611                # out 0x11, al
      """
          .replaceAll("#.*", "")
          .replaceAll("\\s", "");

  @TempDir Path folder;

  private String nv(String name) {
    return KvmFixture.file(folder.resolve(name));
  }

  private static byte[] save(DeviceState state) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    state.save(bytes);
    return bytes.toByteArray();
  }

  private static long number(KvmFixture guest, long address) {
    return guest.machine.memory().getLong(new GuestAddress(address), ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  @DisplayName("general, segment, vector and floating point registers and flags are there again")
  void allKinds() throws Exception {
    byte[] state;
    Registers registers =
        Registers.ZERO.with(Register.RAX, 0x0102030405060708L).with(Register.RBX, NVDIMM);
    try (KvmFixture guest = new KvmFixture(nv("one"), REGISTERS, registers)) {
      guest.cpu.setXcr0(7);
      SystemRegisters system = guest.cpu.systemRegisters();
      Segment fs = system.get(SegmentRegister.FS);
      guest.cpu.setSystemRegisters(
          system.with(
              SegmentRegister.FS,
              new Segment(DATA, fs.limit(), fs.selector(), fs.attributes(), true)));
      guest.expect(VcpuExit.PortWrite.class);
      guest.cpu.setRegisters(guest.cpu.registers().with(Register.RFLAGS, 0x8d7)); // some flags
      state = save(guest.cpu.state());
    }
    try (KvmFixture other = new KvmFixture(nv("two"), REGISTERS, Registers.ZERO)) {
      other
          .machine
          .memory()
          .setLong(new GuestAddress(DATA), 0x5e6, ByteOrder.LITTLE_ENDIAN); // at FS
      other.cpu.state().load(other.cpu.state().version(), new ByteArrayInputStream(state));
      assertArrayEquals(state, withoutTime(state, save(other.cpu.state())), "and tells the same");
      assertEquals(new VcpuExit.PortWrite(0x11, 1, 8), other.cpu.run());
      for (int i = 0; i < 4; i++) {
        assertEquals(0x0102030405060708L, number(other, NVDIMM + i * 8));
      }
      assertEquals(
          Math.log(Math.E) / Math.log(2), Double.longBitsToDouble(number(other, NVDIMM + 32)));
      assertEquals(Math.PI, Double.longBitsToDouble(number(other, NVDIMM + 40)));
      assertEquals(0x5e6, number(other, NVDIMM + 48));
      assertEquals(0x8d7, number(other, NVDIMM + 56) & 0x8d7);
    }
  }

  /** The time stamp counter goes on; what else differs stays. */
  private static byte[] withoutTime(byte[] expected, byte[] actual) {
    if (expected.length != actual.length) {
      return actual;
    }
    byte[] same = actual.clone();
    for (int at = 0; at + 12 <= same.length; at++) {
      boolean tsc = same[at] == 0 && same[at + 1] == 0 && same[at + 2] == 0 && same[at + 3] == 0x10;
      if (tsc) { // its number, and the 8 bytes of its value
        System.arraycopy(expected, at + 4, same, at + 4, 8);
      }
    }
    return same;
  }

  @Test
  @DisplayName("a read that was answered is not asked again by the guest that goes on elsewhere")
  void anAnsweredRead() throws Exception {
    // in al, 0x80; out 0x10, al
    byte[] state;
    try (KvmFixture guest = new KvmFixture(nv("one"), "e480 e610", Registers.ZERO)) {
      VcpuExit.PortRead read = guest.expect(VcpuExit.PortRead.class);
      assertThrows(IOException.class, () -> save(guest.cpu.state()), "it is within a read");
      read.answer(7);
      state = save(guest.cpu.state());
    }
    try (KvmFixture other = new KvmFixture(nv("two"), "e480 e610", Registers.ZERO)) {
      other.cpu.state().load(1, new ByteArrayInputStream(state));
      assertEquals(new VcpuExit.PortWrite(0x10, 1, 7), other.cpu.run());
    }
  }

  @Test
  @DisplayName("a state that is cut off, or of something else, is refused, and the JVM lives")
  void damagedStates() throws Exception {
    try (KvmFixture guest = new KvmFixture(nv("one"), "e610", Registers.ZERO)) {
      DeviceState state = guest.cpu.state();
      byte[] good = save(state);
      for (int length : new int[] {0, 3, 5, 20, good.length / 2, good.length - 1}) {
        byte[] cut = java.util.Arrays.copyOf(good, length);
        assertThrows(
            IOException.class, () -> state.load(1, new ByteArrayInputStream(cut)), "" + length);
      }
      byte[] odd = good.clone();
      odd[8] ^= 1; // in the name of the first part
      assertThrows(IOException.class, () -> state.load(1, new ByteArrayInputStream(odd)));
      state.load(1, new ByteArrayInputStream(good));
      guest.expect(VcpuExit.PortWrite.class);
    }
  }

  @Test
  @DisplayName("a guest that counts in its NVDIMM migrates to another machine, and counts on")
  void migrates() throws Exception {
    String address = "unix:" + folder.resolve("s");
    // inc rax; mov [rbx], rax; jmp back
    try (KvmFixture source =
            new KvmFixture(
                nv("source"), "48ffc0 488903 ebf8", Registers.ZERO.with(Register.RBX, NVDIMM));
        KvmFixture target = KvmFixture.incoming(nv("target"), address)) {
      source.machine.addDeviceState(source.cpu.state());
      Future<VcpuExit> here = source.start();
      Future<VcpuExit> there = target.start(); // waits, since the guest is not there
      CountDownLatch ended = new CountDownLatch(1);
      try (var _ =
          source
              .machine
              .admin()
              .subscribe(
                  _ -> {
                    if (ended(source)) {
                      ended.countDown();
                    }
                  })) {
        source.machine.admin().migration().migrate(address);
        assertTrue(ended.await(60, TimeUnit.SECONDS) || ended(source));
      }
      MigrationStatus status = source.machine.admin().migration().status();
      assertEquals(MigrationState.COMPLETED, status.state(), status::toString);
      source.cpu.interrupt();
      assertEquals(new VcpuExit.Interrupted(), here.get(60, TimeUnit.SECONDS));
      long left = source.cpu.registers().get(Register.RAX);
      assertTrue(left > 0);
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (number(target, NVDIMM) <= left && System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      assertTrue(number(target, NVDIMM) > left, "it counts on");
      target.cpu.interrupt();
      assertEquals(new VcpuExit.Interrupted(), there.get(60, TimeUnit.SECONDS));
      long register = target.cpu.registers().get(Register.RAX);
      long stored = number(target, NVDIMM);
      assertTrue(register == stored || register == stored + 1, "none was left out");
    }
  }

  private static boolean ended(KvmFixture source) {
    try {
      MigrationState state = source.machine.admin().migration().status().state();
      return !state.isUnderWay() && state != MigrationState.NONE;
    } catch (holdfast.machine.admin.AdminException e) {
      throw new AssertionError(e);
    }
  }
}
