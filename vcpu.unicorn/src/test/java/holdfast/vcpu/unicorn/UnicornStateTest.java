package holdfast.vcpu.unicorn;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.vcpu.api.VcpuExit.Halted;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A vCPU's registers go with the guest when it migrates. */
@Timeout(120)
class UnicornStateTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @TempDir Path folder;

  private Guest open(String name, Architecture architecture, String... more) throws Exception {
    return Guest.open(Files.createDirectories(folder.resolve(name)), architecture, more);
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName(
      "each register that is told of is saved and loaded; another architecture's is refused")
  void registers(Architecture architecture) throws Exception {
    try (Guest one = open("one", architecture);
        Guest two = open("two", architecture)) {
      Random random = new Random(7);
      for (Register register : architecture.registers()) {
        long value = random.nextLong();
        switch (register.name()) {
          case "RFLAGS" -> value = 0x8d7; // those of arithmetic
          case "NZCV" -> value = 0xa000_0000L;
          case "CPACR_EL1" -> value = 3 << 20;
          case "MXCSR" -> value = 0x1f80;
          case "PC", "RIP" -> value = one.code.value() + 64;
          case "FS_BASE", "GS_BASE" -> value &= 0x7fff_ffff_ffffL;
          default -> {}
        }
        one.set(register, value);
      }
      ByteArrayOutputStream saved = new ByteArrayOutputStream();
      one.cpu.state().save(saved);
      two.cpu.state().load(1, new ByteArrayInputStream(saved.toByteArray()));
      for (Register register : architecture.registers()) {
        two.assertRegister(one.cpu.read(register), register);
        assertTrue(one.cpu.read(register) != 0, register.name());
      }
      ByteArrayOutputStream again = new ByteArrayOutputStream();
      two.cpu.state().save(again);
      assertEquals(
          HexFormat.of().formatHex(saved.toByteArray()),
          HexFormat.of().formatHex(again.toByteArray()));
    }
    Architecture other =
        architecture == Architecture.ARM64 ? Architecture.X86_64 : Architecture.ARM64;
    try (Guest one = open("three", architecture);
        Guest two = open("four", other)) {
      ByteArrayOutputStream saved = new ByteArrayOutputStream();
      one.cpu.state().save(saved);
      IOException refused =
          assertThrows(
              IOException.class,
              () -> two.cpu.state().load(1, new ByteArrayInputStream(saved.toByteArray())));
      assertEquals(
          "vCPU 'cpu0' is " + other.label() + " here, but the guest's is " + architecture.label(),
          refused.getMessage());
    }
  }

  @Test
  @DisplayName(
      "a guest whose code stores all the time migrates, and goes on where it stopped: the rings"
          + " hold each of its stores, none twice")
  void migrates() throws Exception {
    String socket = "unix:" + folder.resolve("socket");
    try (Guest source = open("source", Architecture.X86_64);
        Guest destination = open("destination", Architecture.X86_64, "-incoming", socket)) {
      StampingCode.load(source);
      for (Guest guest : new Guest[] {source, destination}) {
        guest.machine.addWriter(guest.cpu.writer());
        guest.machine.addDeviceState(guest.cpu.state());
        guest.start();
      }
      source.awaitStores();
      source.machine.admin().migration().migrate(socket);
      assertEquals(MigrationState.COMPLETED, awaitEnd(source).state());
      assertEquals(MigrationState.COMPLETED, awaitEnd(destination).state());
      long left = StampingCode.rounds(source.cpu);
      for (int i = 0; i < 10; i++) {
        destination.awaitStores();
      }
      assertTrue(destination.cpu.writer().pause(LIMIT));
      long rounds = StampingCode.rounds(destination.cpu);
      assertTrue(rounds > left, rounds + " rounds, of which the source did " + left);
      StampingCode.assertStored(
          Architecture.X86_64, rounds, Guest.inFile(destination.image, 0, 20480));
      destination.cpu.writer().resume();
    }
  }

  /** Waits for the end of a migration; its events come in order, and wake this. */
  private static MigrationStatus awaitEnd(Guest guest) throws Exception {
    Semaphore changed = new Semaphore(1);
    MachineAdmin admin = guest.machine.admin();
    try (var _ = admin.subscribe(_ -> changed.release())) {
      while (changed.tryAcquire(LIMIT.toSeconds(), SECONDS)) {
        MigrationStatus status = admin.migration().status();
        if (!status.state().isUnderWay() && status.state() != MigrationState.NONE) {
          return status;
        }
      }
      return admin.migration().status();
    }
  }

  /** Writes a damaged state. */
  @FunctionalInterface
  private interface Damage {
    void write(DataOutputStream out) throws IOException;
  }

  private static void assertRefused(Guest guest, String said, Damage damage) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    damage.write(new DataOutputStream(bytes));
    IOException refused =
        assertThrows(
            IOException.class,
            () -> guest.cpu.state().load(1, new ByteArrayInputStream(bytes.toByteArray())));
    assertEquals(said, refused.getMessage());
  }

  @Test
  @DisplayName("a damaged state is refused, with what is wrong, and nothing of it is taken over")
  void damaged() throws Exception {
    try (Guest guest = open("one", Architecture.X86_64)) {
      guest.code("f4 | hlt");
      ByteArrayOutputStream saved = new ByteArrayOutputStream();
      guest.cpu.state().save(saved);
      byte[] whole = saved.toByteArray();
      // what follows the registers: no exits, and no instruction that is under way
      byte[] registers = Arrays.copyOf(whole, whole.length - 5);
      int known = Architecture.X86_64.registers().size();
      for (int count : new int[] {0, -5, known - 1, known + 1}) {
        assertRefused(
            guest,
            "vCPU 'cpu0' has " + known + " registers here, but its state has " + count,
            out -> {
              out.writeUTF(Architecture.X86_64.label());
              out.writeInt(count);
              int at = Short.BYTES + Architecture.X86_64.label().length() + Integer.BYTES;
              out.write(whole, at, whole.length - at);
            });
      }
      assertRefused(
          guest,
          "a vCPU's state is damaged: the width of an access is -7 in it",
          out -> {
            out.write(registers);
            out.writeInt(1);
            out.writeByte(1);
            out.writeLong(5);
            out.writeInt(-7);
            out.writeBoolean(true);
            out.writeLong(1);
          });
      assertRefused(
          guest,
          "a vCPU's state is damaged: a number of exits is -1 in it",
          out -> {
            out.write(registers);
            out.writeInt(-1);
          });
      assertRefused(
          guest,
          "a vCPU's state is damaged: a port is 65536 in it",
          out -> {
            out.write(registers);
            out.writeInt(1);
            out.writeByte(2);
            out.writeInt(65536);
            out.writeInt(1);
            out.writeLong(1);
          });
      for (int length = 0; length < whole.length; length++) {
        byte[] cut = Arrays.copyOf(whole, length);
        assertThrows(
            IOException.class,
            () -> guest.cpu.state().load(1, new ByteArrayInputStream(cut)),
            "cut after " + length);
      }
      assertEquals(new Halted(), guest.cpu.run());
    }
  }

  @Test
  @DisplayName("code that was there before a state is loaded does not run on")
  void code() throws Exception {
    try (Guest one = open("one", Architecture.X86_64);
        Guest two = open("two", Architecture.X86_64)) {
      one.code("b801000000f4 | mov eax, 1; hlt");
      two.code("b802000000f4 | mov eax, 2; hlt");
      assertEquals(new Halted(), two.cpu.run());
      ByteArrayOutputStream saved = new ByteArrayOutputStream();
      one.cpu.state().save(saved);
      two.memory.write(two.code, one.memory.segment(one.code, new ByteSize(6)));
      two.cpu.state().load(1, new ByteArrayInputStream(saved.toByteArray()));
      assertEquals(new Halted(), two.cpu.run());
      two.assertRegister(1, X86Register.RAX);
    }
  }
}
