package holdfast.vcpu.unicorn;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.LostMemoryException;
import holdfast.machine.api.RegionState;
import holdfast.vcpu.api.MemoryFault;
import holdfast.vcpu.api.VcpuExit;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A page that the host can't provide ends the guest, not the JVM, though Unicorn reaches it in
 * native code. Each case has a JVM of its own, which would end.
 */
@Timeout(120)
class UnicornLostPageTest {
  @TempDir Path folder;

  /** Stores into all of the NVDIMM, again and again, and loads what is behind each. */
  private static final String SWEEPS =
      """
      48 ffc0              | l: inc rax
      48 89c1              | mov rcx, rax
      48 81e1 ffff0100     | and rcx, 0x1ffff
      48 8904cb            | mov [rbx + rcx*8], rax
      48 8b14cb            | mov rdx, [rbx + rcx*8]
      eb ea                | jmp l
      """;

  /** Copies RAM over the whole NVDIMM, again and again. */
  private static final String COPIES =
      """
      48 89df              | l: mov rdi, rbx
      31f6                 | xor esi, esi
      b9 00000200          | mov ecx, 0x20000
      f3 48a5              | rep movsq
      eb f1                | jmp l
      """;

  @ParameterizedTest
  @ValueSource(strings = {"-Xmixed", "-Xint"})
  @DisplayName(
      "a file that is truncated under a running guest is a typed exit, its region has failed, and"
          + " the JVM goes on: its own errors are as they were")
  void truncated(String mode) throws Exception {
    Guest.open(folder, Architecture.X86_64).close(); // skips where there is no Unicorn
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            mode,
            "-XX:-UsePerfData",
            "-XX:ErrorFile=/dev/null",
            "--enable-native-access=ALL-UNNAMED",
            "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
            "-Dholdfast.unicorn.library="
                + System.getProperty("holdfast.unicorn.library", "libunicorn.so.2"),
            "-cp",
            System.getProperty("java.class.path"),
            Victim.class.getName(),
            folder.toString());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      String said = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertTrue(process.waitFor(10, TimeUnit.SECONDS));
      assertTrue(said.contains("went on"), said);
      assertEquals(0, process.exitValue(), said);
    } finally {
      process.destroyForcibly();
    }
  }

  /** The JVM whose guest loses its memory. */
  static final class Victim {
    private Victim() {}

    public static void main(String[] arguments) throws Exception {
      Path folder = Path.of(arguments[0]);
      for (long size : new long[] {0, 4096, 512 << 10, (1 << 20) - 4096}) {
        lose(folder, "stores", SWEEPS, size);
      }
      lose(folder, "copies", COPIES, 0);
      lose(folder, "copies", COPIES, 512 << 10);
      lose(folder, "before", SWEEPS, 0);
      lose(folder, "code", "ffe3 | jmp rbx", 0);
      System.out.println("went on");
    }

    private static void lose(Path folder, String how, String code, long size) throws Exception {
      System.out.println(how + " " + size);
      try (Guest guest = Guest.open(folder, Architecture.X86_64).code(code)) {
        GuestAddress counter = guest.nvdimm.address();
        guest.set(X86Register.RBX, guest.nvdimm.address().value());
        switch (how) {
          case "copies" -> guest.memory.setLong(guest.ram, 7, Guest.LITTLE);
          case "code" -> {
            // it stores into its own page
            guest.memory.write(
                guest.nvdimm.address(),
                MemorySegment.ofArray(HexFormat.of().parseHex("48ff4340ebfa")));
            counter = counter.plus(0x40);
          }
          default -> {}
        }
        if (how.equals("before")) {
          truncate(guest.image, size);
        }
        Future<VcpuExit> run = guest.start();
        if (!how.equals("before")) {
          guest.awaitOther(counter, 0);
          truncate(guest.image, size);
        }
        MemoryFault fault = (MemoryFault) run.get(30, TimeUnit.SECONDS);
        System.out.println(fault.sentence());
        check(fault instanceof MemoryFault.PageLost, "PageLost");
        check(guest.nvdimm.region().state() == RegionState.FAILED, "the region has failed");
        // told again, as long as somebody runs it
        for (int i = 0; i < 3; i++) {
          MemoryFault again = (MemoryFault) guest.cpu.run();
          check(
              again instanceof MemoryFault.RegionFailed || again instanceof MemoryFault.PageLost,
              "again");
        }
        // lost for Java as well, at each page that the guest met
        for (long at = size; at < 1 << 20; at += 4096) {
          boolean lost = false;
          try {
            guest.memory.getByte(guest.nvdimm.address().plus(at));
          } catch (LostMemoryException e) {
            lost = true;
          }
          check(lost, "lost at " + at);
        }
        // the RAM serves on
        guest.code("48 ffc2 f4 | inc rdx; hlt");
        guest.set(X86Register.RDX, 41);
        check(guest.cpu.run() instanceof VcpuExit.Halted, "halted");
        check(guest.cpu.read(X86Register.RDX) == 42, "42");
        somebodyElses(folder);
        nulls();
      }
      Files.delete(folder.resolve("nv.img"));
    }

    /** A page of a file that is no guest's is an error of whoever reads it. */
    private static void somebodyElses(Path folder) throws Exception {
      Path file = folder.resolve("theirs");
      try (Arena arena = Arena.ofConfined();
          FileChannel channel =
              FileChannel.open(
                  file,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE)) {
        MemorySegment theirs = channel.map(MapMode.READ_WRITE, 0, 8192, arena);
        channel.truncate(0);
        boolean lost = false;
        try {
          System.out.println(theirs.get(ValueLayout.JAVA_LONG, 0));
        } catch (InternalError e) {
          lost = true;
        }
        check(lost, "an error of the JVM's own");
      }
    }

    /** What the JVM itself uses SIGSEGV for. */
    private static void nulls() {
      int caught = 0;
      for (int i = 0; i < 20_000; i++) {
        try {
          caught += length(i % 2 == 0 ? null : "x");
        } catch (NullPointerException e) {
          caught++;
        }
      }
      check(caught == 20_000, "null pointers");
    }

    private static int length(String text) {
      return text.length();
    }

    private static void truncate(Path file, long size) throws Exception {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(size);
      }
    }

    private static void check(boolean holds, String what) {
      if (!holds) {
        throw new AssertionError(what);
      }
    }
  }
}
