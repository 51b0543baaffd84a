package holdfast.machine.core.internal.guest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.CallerMemoryException;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.LostMemoryException;
import holdfast.machine.api.RegionState;
import holdfast.machine.config.MachineType;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.config.MemoryLayoutException;
import holdfast.machine.core.RealRegion;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.Pipe;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A page that the host can't provide ends the access, not the JVM. If it is the guest's, its region
 * has failed; if it is somebody else's, the guest goes on. Files on the file system of the
 * temporary folder are truncated while they are mapped.
 */
@EnabledOnOs(OS.LINUX)
@Timeout(120)
class LostMemoryTest {
  private static final int SIZE = 1 << 20;
  private static final GuestAddress PLACE = new GuestAddress(4096);
  private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

  /** So many that they are compiled. */
  private static final int MANY = 12_000;

  private static final int FEW = 100;

  private static long loaded;

  @TempDir Path folder;

  /** An access of some kind. */
  private enum Access {
    LOAD {
      @Override
      void make(FlatGuestMemory memory, Path folder) {
        loaded += memory.getLong(PLACE, LITTLE); // else the compiler may leave it out
      }
    },
    STORE {
      @Override
      void make(FlatGuestMemory memory, Path folder) {
        memory.setLong(PLACE, 1, LITTLE);
      }
    },
    LOAD_ACQUIRE {
      @Override
      void make(FlatGuestMemory memory, Path folder) {
        loaded += memory.getLongAcquire(PLACE, LITTLE);
      }
    },
    STORE_RELEASE {
      @Override
      void make(FlatGuestMemory memory, Path folder) {
        memory.setIntRelease(PLACE, 1, ByteOrder.BIG_ENDIAN);
      }
    },
    COMPARE_AND_SET_INT {
      @Override
      void make(FlatGuestMemory memory, Path folder) {
        memory.compareAndSetInt(PLACE, 0, 0, LITTLE);
      }
    },
    COMPARE_AND_SET_LONG {
      @Override
      void make(FlatGuestMemory memory, Path folder) {
        memory.compareAndSetLong(PLACE, 0, 1, ByteOrder.BIG_ENDIAN);
      }
    },
    READ {
      @Override
      void make(FlatGuestMemory memory, Path folder) {
        memory.read(PLACE, MemorySegment.ofArray(new byte[64]));
      }
    },
    WRITE {
      @Override
      void make(FlatGuestMemory memory, Path folder) {
        memory.write(PLACE, MemorySegment.ofArray(new byte[64]));
      }
    },
    FROM_FILE {
      @Override
      void make(FlatGuestMemory memory, Path folder) throws IOException {
        try (FileChannel disk = disk(folder)) {
          memory.transferFrom(disk, 0, PLACE, new ByteSize(64));
        }
      }
    },
    TO_FILE {
      @Override
      void make(FlatGuestMemory memory, Path folder) throws IOException {
        try (FileChannel disk = disk(folder)) {
          memory.transferTo(disk, 0, PLACE, new ByteSize(64));
        }
      }
    },
    FROM_STREAM {
      @Override
      void make(FlatGuestMemory memory, Path folder) throws IOException {
        Pipe pipe = Pipe.open();
        try (Pipe.SinkChannel sink = pipe.sink();
            Pipe.SourceChannel source = pipe.source()) {
          sink.write(ByteBuffer.allocate(64));
          memory.transferFrom(source, List.of(GuestRange.of(PLACE, new ByteSize(64))));
        }
      }
    },
    TO_STREAM {
      @Override
      void make(FlatGuestMemory memory, Path folder) throws IOException {
        Pipe pipe = Pipe.open();
        try (Pipe.SinkChannel sink = pipe.sink();
            Pipe.SourceChannel source = pipe.source()) {
          memory.transferTo(sink, List.of(GuestRange.of(PLACE, new ByteSize(64))));
          assertTrue(source.isOpen());
        }
      }
    },
    MARK {
      @Override
      void make(FlatGuestMemory memory, Path folder) {
        memory.markDirty(PLACE, new ByteSize(64));
      }
    };

    abstract void make(FlatGuestMemory memory, Path folder) throws IOException;

    static FileChannel disk(Path folder) throws IOException {
      FileChannel disk = open(folder.resolve("disk"));
      disk.write(ByteBuffer.allocate(64), 0);
      return disk;
    }
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName(
      "each access of any kind to a page that is lost is told at once, compiled or not, and names"
          + " the region, which has failed")
  void theGuestsOwn(Access access) throws Exception {
    try (RealRegion ram = RealRegion.file(folder.resolve("ram"), SIZE)) {
      FlatGuestMemory memory = memory(ram);
      boolean slow = access.name().contains("M_") || access.name().contains("TO_");
      int rounds = slow ? FEW : MANY;
      for (int round = 0; round < rounds; round++) {
        access.make(memory, folder);
      }
      truncate("ram");
      for (int round = 0; round < rounds; round++) {
        LostMemoryException e =
            assertThrows(LostMemoryException.class, () -> access.make(memory, folder));
        assertEquals("ram:below-4g", e.device().id());
        Throwable cause = e.getCause();
        assertTrue(cause instanceof InternalError || cause instanceof IOException, "" + cause);
      }
      assertEquals(RegionState.FAILED, ram.region.state());
      assertEquals(
          "a page is lost: the file was truncated, or its disk is full or failed",
          ram.region.status().note());
    }
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("the same in a JVM that interprets everything, which goes on")
  void interpreted(Access access) throws Exception {
    assertTold(access, "truncated");
  }

  @ParameterizedTest
  @EnumSource(
      names = {"COMPARE_AND_SET_INT", "COMPARE_AND_SET_LONG", "MARK", "FROM_FILE", "FROM_STREAM"})
  @DisplayName(
      "before an interpreted atomic update, the host is asked whether it can store to the page,"
          + " since a hole of a full disk can be loaded from and yet end the JVM")
  void lostToStoresAlone(Access access) throws Exception {
    assertTold(access, "full");
  }

  /** Checks that a JVM that interprets everything reports each access, from the first on. */
  private void assertTold(Access access, String harm) throws Exception {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xint",
            "-XX:-UsePerfData",
            "-XX:ErrorFile=/dev/null",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Interpreted.class.getName(),
            folder.toString(),
            access.name(),
            harm);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      String said = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertTrue(said.contains("told 50 times"), said);
      assertTrue(process.waitFor(60, TimeUnit.SECONDS));
      assertEquals(0, process.exitValue());
    } finally {
      process.destroyForcibly();
    }
  }

  /** The JVM that interprets everything. */
  static final class Interpreted {
    public static void main(String[] arguments) throws Exception {
      Path folder = Path.of(arguments[0]);
      Access access = Access.valueOf(arguments[1]);
      try (RealRegion ram = RealRegion.file(folder.resolve("ram"), SIZE)) {
        FlatGuestMemory memory = memory(ram);
        if (arguments[2].equals("full")) {
          memory = memory(ram, (region, offset, length, stored) -> stored);
          memory.getLong(PLACE, LITTLE);
        } else {
          truncate(folder, "ram");
        }
        int told = 0;
        for (int round = 0; round < 50; round++) {
          try {
            access.make(memory, folder);
          } catch (LostMemoryException e) {
            told++;
          }
        }
        System.out.println("told " + told + " times");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @DisplayName(
      "a source or target whose file was truncated is its owner's fault: the region goes on, and so"
          + " does the guest")
  void theOtherSides(boolean write) throws Exception {
    try (RealRegion ram = RealRegion.file(folder.resolve("ram"), SIZE);
        Arena arena = Arena.ofShared()) {
      FlatGuestMemory memory = memory(ram);
      MemorySegment theirs = map("theirs", arena);
      truncate("theirs");
      Executable copy =
          () -> {
            if (write) {
              memory.write(PLACE, theirs);
            } else {
              memory.read(PLACE, theirs);
            }
          };
      for (int round = 0; round < MANY; round++) {
        CallerMemoryException e = assertThrows(CallerMemoryException.class, copy);
        assertEquals(PLACE, e.address());
        assertEquals(SIZE / 2, e.length());
        assertInstanceOf(InternalError.class, e.getCause());
      }
      assertEquals(RegionState.ATTACHED, ram.region.state());
      memory.setLong(PLACE, 7, LITTLE);
      assertEquals(7, memory.getLong(PLACE, LITTLE));
      ram.region.persist(0, SIZE);
    }
  }

  @Test
  @DisplayName("an error about one page of a truncated file, met late at another, fails the region")
  void lateAtAnotherPage() throws Exception {
    try (RealRegion ram = RealRegion.file(folder.resolve("ram"), SIZE)) {
      try (FileChannel file = open(folder.resolve("ram"))) {
        file.truncate(SIZE / 2);
      }
      assertTrue(ram.region.failIfLost(0, 4096, false));
      assertEquals(RegionState.FAILED, ram.region.state());
    }
  }

  @Test
  @DisplayName("a channel that fails for a cause of its own leaves the region alone")
  void theChannelsOwn() throws Exception {
    try (RealRegion ram = RealRegion.file(folder.resolve("ram"), SIZE);
        FileChannel itself = FileChannel.open(folder)) {
      FlatGuestMemory memory = memory(ram);
      IOException e =
          assertThrows(
              IOException.class, () -> memory.transferFrom(itself, 0, PLACE, new ByteSize(4096)));
      assertEquals(
          "4096 bytes from position 0 of the file, to guest address 0x1000: Is a directory",
          e.getMessage());
      assertEquals(RegionState.ATTACHED, ram.region.state());
    }
  }

  private static FlatGuestMemory memory(RealRegion ram) throws MemoryLayoutException {
    return memory(
        ram, (region, offset, length, stored) -> ram.region.failIfLost(offset, length, stored));
  }

  private static FlatGuestMemory memory(RealRegion ram, LostPages lost)
      throws MemoryLayoutException {
    return new FlatGuestMemory(
        MemoryLayout.of(MachineType.PC, new ByteSize(SIZE), null, null), ram.region, lost);
  }

  private static FileChannel open(Path path) throws IOException {
    return FileChannel.open(
        path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /** Half as much as there is guest memory. */
  private MemorySegment map(String name, Arena arena) throws IOException {
    try (FileChannel file = open(folder.resolve(name))) {
      return file.map(MapMode.READ_WRITE, 0, SIZE / 2, arena);
    }
  }

  private void truncate(String name) throws IOException {
    truncate(folder, name);
  }

  private static void truncate(Path folder, String name) throws IOException {
    try (FileChannel file = open(folder.resolve(name))) {
      file.truncate(0);
    }
  }
}
