package holdfast.vcpu.kvm;

import static holdfast.vcpu.kvm.LongModeGuest.NVDIMM;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.host.testkit.Storage;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapReport;
import holdfast.vcpu.api.VcpuExit;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A real CPU stores into an NVDIMM whose provider is exchanged. With {@code
 * -Dholdfast.test.swaps=N} there are at least N exchanges of each kind instead of as many as take
 * some seconds.
 */
@Timeout(3600)
class KvmSwapTest {
  private static final int SWAPS = Integer.getInteger("holdfast.test.swaps", 0);
  private static final int REMAPS = Integer.getInteger("holdfast.test.swaps", 20);

  /** Cells of each of two CPUs, which together fill the NVDIMM. */
  private static final int CELLS = (int) (KvmFixture.SIZE / 8 / 2);

  private static final long HALF = KvmFixture.SIZE / 2;

  /** Where in RAM both CPUs have what they copy. */
  private static final long COPIES = 0x80_0000;

  private enum Place {
    DISK,
    TMPFS,
    PRIVATE,
    MEMFD,
    ANONYMOUS
  }

  @TempDir Path disk;
  private Path tmpfs;

  @BeforeEach
  void makeFolder() throws IOException {
    tmpfs = Files.createTempDirectory(Storage.tmpfs().root(), "holdfast-kvm");
  }

  @AfterEach
  void removeFolder() throws IOException {
    try (var files = Files.list(tmpfs)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(tmpfs);
  }

  /** Both CPUs, each in a thread of its own. */
  private static final class Guest implements AutoCloseable {
    final KvmFixture fixture;
    private final List<KvmVcpu> cpus = new ArrayList<>();
    private final List<Future<VcpuExit>> runs = new ArrayList<>();

    Guest(String nv, StampingCode code) throws Exception {
      fixture = new KvmFixture(nv, code.code(), StampingCode.registers(NVDIMM, CELLS, COPIES));
      cpus.add(fixture.cpu);
      KvmVcpu second = fixture.kvm.vcpu("cpu1");
      LongModeGuest.prepare(second, 3, StampingCode.registers(NVDIMM + HALF, CELLS, COPIES + HALF));
      fixture.machine.addWriter(second.writer());
      cpus.add(second);
      go();
    }

    void go() {
      runs.clear();
      cpus.forEach(cpu -> runs.add(KvmFixture.start(cpu::run)));
    }

    /** Stops both between two instructions, and checks what they stored. */
    void check(Optional<Path> file) throws Exception {
      for (int i = 0; i < cpus.size(); i++) {
        cpus.get(i).interrupt();
        assertEquals(new VcpuExit.Interrupted(), runs.get(i).get(60, TimeUnit.SECONDS));
      }
      for (int i = 0; i < cpus.size(); i++) {
        long stamp = cpus.get(i).registers().get(Register.R8);
        StampedCells.check("guest memory", memory(), i * CELLS, CELLS, stamp);
        if (file.isPresent()) {
          long[] numbers = KvmFixture.numbers(file.get(), 2 * CELLS);
          StampedCells.check(file.get().toString(), numbers, i * CELLS, CELLS, stamp);
        }
      }
    }

    private long[] memory() {
      long[] cells = new long[2 * CELLS];
      fixture.machine.memory().read(new GuestAddress(NVDIMM), MemorySegment.ofArray(cells));
      return cells;
    }

    long passes() throws Exception {
      return cpus.getFirst().registers().get(Register.R8) >>> 32;
    }

    @Override
    public void close() {
      fixture.close();
    }
  }

  private Map<String, String> properties(Place place, int number) {
    Map<String, String> all = new HashMap<>();
    all.put("share", place == Place.PRIVATE || place == Place.ANONYMOUS ? "off" : "on");
    all.put("dump", number % 2 == 0 ? "on" : "off"); // so that each is a change
    switch (place) {
      case DISK, TMPFS, PRIVATE -> {
        all.put("qom-type", "memory-backend-file");
        Path folder = place == Place.DISK ? disk : tmpfs;
        all.put("mem-path", folder.resolve(place + "." + number % 2).toString());
      }
      case MEMFD -> all.put("qom-type", "memory-backend-memfd");
      case ANONYMOUS -> all.put("qom-type", "memory-backend-ram");
    }
    return all;
  }

  private Optional<Path> file(Place place, Map<String, String> properties) {
    return place == Place.DISK || place == Place.TMPFS
        ? Optional.of(Path.of(properties.get("mem-path")))
        : Optional.empty();
  }

  /** From each place to each, itself among them. */
  private static List<Place> journey() {
    List<Place> journey = new ArrayList<>();
    for (Place from : Place.values()) {
      journey.add(from);
      journey.add(from);
      for (Place to : Place.values()) {
        if (to.ordinal() > from.ordinal()) {
          journey.add(to);
          journey.add(from);
        }
      }
    }
    return journey;
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName(
      "swapped between each two kinds of memory while two CPUs store, it has each of their stores,"
          + " in order, none is torn, and they go on")
  void swaps(StampingCode code) throws Exception {
    List<Place> journey = journey();
    long pauses = 0;
    long longest = 0;
    int swaps = Math.max(SWAPS, journey.size());
    try (Guest guest = new Guest(KvmFixture.file(disk.resolve("first")), code);
        var _ = new StampedCells.Reader(guest.fixture.machine.memory(), NVDIMM, 2 * CELLS)) {
      long host = guest.fixture.region().segment().address();
      for (int i = 0; i < swaps; i++) {
        Place place = journey.get(i % journey.size());
        Map<String, String> changes = properties(place, i);
        SwapReport report = guest.fixture.swap(changes);
        assertEquals(SwapPhase.DONE, report.phase(), report::toString);
        pauses += report.pause().toNanos();
        longest = Math.max(longest, report.pause().toNanos());
        guest.check(file(place, changes));
        guest.go();
      }
      assertEquals(host, guest.fixture.region().segment().address());
      System.out.println(
          code
              + ": "
              + swaps
              + " swaps, pauses of "
              + Duration.ofNanos(pauses / swaps).toMillis()
              + " ms on average, at most "
              + Duration.ofNanos(longest).toMillis()
              + " ms");
    }
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName(
      "re-mapped by one allocator and the other while two CPUs store, it has each of their stores")
  void exchangedAllocators(StampingCode code) throws Exception {
    Path file = disk.resolve("nv");
    try (Guest guest = new Guest(KvmFixture.file(file) + ",pmem=on", code);
        var _ = new StampedCells.Reader(guest.fixture.machine.memory(), NVDIMM, 2 * CELLS)) {
      guest.check(Optional.of(file));
      long before = guest.passes();
      guest.go();
      for (int i = 0; i < REMAPS; i++) {
        guest.fixture.machine.admin().use("nv", i % 2 == 0 ? "file" : "dax");
        if (i % 10 == 9) {
          guest.check(Optional.of(file));
          guest.go();
        }
      }
      guest.check(Optional.of(file));
      assertTrue(guest.passes() > before, "the guest went on");
    }
  }
}
