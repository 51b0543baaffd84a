package holdfast.machine.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.core.Holdfast;
import holdfast.machine.core.MachineException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The library, on a plain class path with the file and the DAX allocator. */
@Timeout(120)
class LibraryTest {
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  @TempDir Path folder;

  private Holdfast open(Path image) throws MachineException {
    return Holdfast.open(
        "-machine", "pc,nvdimm=on",
        "-m", "16M,slots=2,maxmem=1G",
        "-object", "memory-backend-file,id=nv,size=4M,share=on,mem-path=" + image,
        "-device", "nvdimm,id=nv0,memdev=nv");
  }

  private static GuestAddress nvdimm(Holdfast machine) {
    return machine.memory().devices().stream()
        .filter(device -> device.id().equals("nv0"))
        .map(MemoryDevice::address)
        .findFirst()
        .orElseThrow();
  }

  @Test
  @DisplayName("the README's ten lines: a counter in an NVDIMM is there again at the next start")
  void aCounterSurvives() throws Exception {
    Path image = folder.resolve("nv.img");
    for (long start = 1; start <= 3; start++) {
      try (Holdfast machine = open(image)) {
        GuestMemory memory = machine.memory();
        GuestAddress counter = memory.devices().getLast().address();
        assertEquals(nvdimm(machine), counter);
        memory.setLong(counter, memory.getLong(counter, ORDER) + 1, ORDER);
        memory.persist(counter, new ByteSize(Long.BYTES));
        assertEquals(start, memory.getLong(counter, ORDER));
      }
    }
  }

  @Test
  @DisplayName("two machines in one process have nothing of each other's, nor leave anything")
  void twoMachines() throws Exception {
    try (Holdfast one = open(folder.resolve("one.img"));
        Holdfast two = open(folder.resolve("two.img"))) {
      GuestAddress address = nvdimm(one);
      GuestMemory memory = one.memory();
      memory.setLong(address, 1, ORDER);
      two.memory().setLong(address, 2, ORDER);
      assertEquals(1, memory.getLong(address, ORDER));
      assertEquals(2, two.memory().getLong(address, ORDER));
      one.close();
      assertThrows(RuntimeException.class, () -> memory.getLong(address, ORDER));
      assertEquals(2, two.memory().getLong(address, ORDER));
    }
    String maps = Files.readString(Path.of("/proc/self/maps"), StandardCharsets.ISO_8859_1);
    assertFalse(maps.contains(folder.toString()), "a mapping is left");
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      for (Path descriptor : open.toList()) {
        assertFalse(leadsInto(descriptor, folder), () -> descriptor + " is left");
      }
    }
  }

  private static boolean leadsInto(Path descriptor, Path folder) {
    try {
      return Files.readSymbolicLink(descriptor).startsWith(folder);
    } catch (IOException e) {
      return false; // closed by now
    }
  }

  @Test
  @DisplayName("a region is swapped under its segment, and the next start knows the new file")
  void swaps() throws Exception {
    Path old = folder.resolve("old.img");
    Path fresh = folder.resolve("new.img");
    try (Holdfast machine = open(old)) {
      MemorySegment segment = machine.region("nv").orElseThrow().segment();
      machine.memory().setLong(nvdimm(machine), 42, ORDER);
      RunningSwap swap =
          machine
              .swaps()
              .start(
                  new BackendId("nv"),
                  Map.of("mem-path", fresh.toString()),
                  SwapLimits.DEFAULT.withDowntime(Duration.ofSeconds(10)));
      assertEquals(SwapPhase.DONE, swap.await(Duration.ofSeconds(60)).phase());
      assertEquals(fresh.toString(), machine.region("nv").orElseThrow().backing());
      assertEquals(42, segment.get(ValueLayout.JAVA_LONG, 0));
    }
    MachineException refused = assertThrows(MachineException.class, () -> open(old));
    assertTrue(("" + refused.getMessage()).contains(fresh.toString()), refused.getMessage());
    try (Holdfast machine = open(fresh)) {
      assertEquals(42, machine.memory().getLong(nvdimm(machine), ORDER));
    }
  }

  @Test
  @DisplayName("what can't be opened is one sentence, and leaves nothing behind")
  void refused() throws Exception {
    Path image = folder.resolve("nv.img");
    MachineException refused =
        assertThrows(
            MachineException.class,
            () ->
                Holdfast.open(
                    "-object",
                    "memory-backend-file,id=a,size=4M,share=on,mem-path=" + image,
                    "-device",
                    "pc-dimm,memdev=b"));
    assertTrue(("" + refused.getMessage()).contains("names no memory backend"), refused::toString);
    assertFalse(Files.exists(image));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "-smp | 2 | there is no option -smp",
        "-object | help | asks for help",
        "-object | floppy | floppy is not a type",
        "-m | 1Q | 1Q",
      })
  void aMistakeIsTold(String option, String value, String part) {
    MachineException refused =
        assertThrows(MachineException.class, () -> Holdfast.open(option, value));
    assertTrue(("" + refused.getMessage()).contains(part), refused::toString);
  }

  @Test
  void anOptionWithoutItsValue() {
    MachineException refused = assertThrows(MachineException.class, () -> Holdfast.open("-m"));
    assertTrue(("" + refused.getMessage()).contains("-m needs a value"), refused::toString);
  }

  @Test
  @DisplayName("the DAX allocator is asked first, for persistent memory alone")
  void theDaxAllocatorIsThere() throws Exception {
    Path image = folder.resolve("pmem.img");
    try (Holdfast machine =
        Holdfast.open(
            "-object", "memory-backend-file,id=nv,size=4M,share=on,pmem=on,mem-path=" + image)) {
      String reason = machine.region("nv").orElseThrow().durability().reason();
      assertFalse(reason.contains("the allocator in use, file"), reason);
      assertTrue(reason.contains("MAP_SYNC"), reason); // which the DAX allocator alone attempts
    }
  }
}
