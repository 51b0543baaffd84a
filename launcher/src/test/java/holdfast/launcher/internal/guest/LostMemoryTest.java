package holdfast.launcher.internal.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.LostMemoryException;
import holdfast.machine.api.MemoryRegion;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/**
 * A page that the host can't provide ends the access, not the JVM, and names the region: a file on
 * the file system of the temporary folder is truncated while it is RAM.
 */
@EnabledOnOs(OS.LINUX)
class LostMemoryTest {
  private static final GuestAddress PLACE = new GuestAddress(4096);
  private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

  /** The JVM can learn of such a fault some accesses late. */
  private static final int PATIENCE = 1_000_000;

  @TempDir Path folder;

  @Test
  void readsWritesAndValuesNameTheRegion() throws Exception {
    try (Arena arena = Arena.ofShared();
        FileChannel file =
            FileChannel.open(
                folder.resolve("ram"),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[8192]));
      MemorySegment mapping = file.map(MapMode.READ_WRITE, 0, 8192, arena);
      FakeRegion ram = new FakeRegion("ram", mapping, 4096);
      List<MemoryRegion> lost = new ArrayList<>();
      FlatGuestMemory memory =
          new FlatGuestMemory(
              MachineMemory.of(MachineType.PC, new ByteSize(8192), null, null),
              ram,
              (region, fault) -> lost.add(region));
      memory.setLong(PLACE, 5, LITTLE);
      file.truncate(0);

      List<Executable> accesses =
          List.of(
              () -> memory.getLong(PLACE, LITTLE),
              () -> memory.setLong(PLACE, 1, LITTLE),
              () -> memory.read(PLACE, MemorySegment.ofArray(new byte[64])),
              () -> memory.write(PLACE, MemorySegment.ofArray(new byte[64])));
      for (Executable access : accesses) {
        LostMemoryException e = assertThrows(LostMemoryException.class, repeated(access));
        assertEquals("ram:below-4g", e.device().id());
        assertInstanceOf(InternalError.class, e.getCause());
      }
      assertEquals(List.of(ram, ram, ram, ram), lost);
    }
  }

  private static Executable repeated(Executable access) {
    return () -> {
      for (int i = 0; i < PATIENCE; i++) {
        access.execute();
      }
    };
  }
}
