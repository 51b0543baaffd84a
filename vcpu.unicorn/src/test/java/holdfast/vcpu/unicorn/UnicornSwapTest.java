package holdfast.vcpu.unicorn;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.BackendId;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.SwapReport;
import holdfast.vcpu.api.VcpuExit;
import holdfast.vcpu.unicorn.StampingCode.Ring;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A guest's code stores while its NVDIMM is swapped over all pairs of backends, and while its
 * allocator is exchanged: each store is found, in order, and none is torn. The file systems are
 * those of temporary files and of {@code /dev/shm}.
 */
@Timeout(1200)
class UnicornSwapTest {
  /** How often each pair, and how often ten exchanges; a long run sets it to 100. */
  private static final int TIMES = Integer.getInteger("holdfast.test.swaps", 1);

  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir Path disk;
  private Path memory;
  private int number;

  @BeforeEach
  void make() throws Exception {
    memory = Files.createTempDirectory(Path.of("/dev/shm"), "holdfast-unicorn");
  }

  @AfterEach
  void remove() throws Exception {
    try (var files = Files.list(memory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(memory);
  }

  private enum Place {
    DISK,
    TMPFS,
    MEMFD,
    ANONYMOUS
  }

  private Optional<Path> file(Place place) {
    return switch (place) {
      case DISK -> Optional.of(disk.resolve("nv" + number % 2));
      case TMPFS -> Optional.of(memory.resolve("nv" + number % 2));
      case MEMFD, ANONYMOUS -> Optional.empty();
    };
  }

  private Map<String, String> properties(Place place) {
    number++;
    Map<String, String> all = new LinkedHashMap<>();
    switch (place) {
      case DISK, TMPFS -> {
        all.put("qom-type", "memory-backend-file");
        all.put("mem-path", file(place).orElseThrow().toString());
        all.put("share", "on");
      }
      case MEMFD -> {
        all.put("qom-type", "memory-backend-memfd");
        all.put("share", "on");
      }
      case ANONYMOUS -> {
        all.put("qom-type", "memory-backend-ram");
        all.put("share", "off");
      }
    }
    all.put("dump", number % 2 == 0 ? "on" : "off"); // a change, to the same kind of place as well
    return all;
  }

  private SwapReport swap(Guest guest, Place to) throws Exception {
    SwapReport report =
        guest
            .machine
            .swaps()
            .start(
                new BackendId("nv"),
                properties(to),
                SwapLimits.DEFAULT.withOverwrite(true).withDowntime(Duration.ofMillis(200)))
            .await(LIMIT);
    assertEquals(SwapPhase.DONE, report.phase(), report::toString);
    return report;
  }

  /**
   * Looks at each slot of the rings of stamps while they are stored: none is torn, or goes back.
   */
  private static FutureTask<Long> watch(Guest guest, AtomicBoolean end) {
    List<Ring> stamps =
        StampingCode.rings(guest.cpu.architecture()).stream()
            .filter(ring -> ring.how() == StampingCode.How.STAMP)
            .toList();
    FutureTask<Long> watching =
        new FutureTask<>(
            () -> {
              MemorySegment memory = guest.nvdimm.segment();
              Map<Long, Long> before = new java.util.HashMap<>();
              long looks = 0;
              while (!end.get()) {
                for (Ring ring : stamps) {
                  for (long at = ring.offset(); at < ring.offset() + ring.bytes(); at += 8) {
                    long slot = (at - ring.offset()) / 8 / ring.words();
                    long found = (long) ValueLayout.JAVA_LONG.varHandle().getAcquire(memory, at);
                    assertTrue(
                        found == 0 || Math.floorMod(found, (long) ring.slots()) == slot,
                        () -> ring.name() + " at " + slot + ": torn: " + found);
                    Long last = before.put(at, found);
                    assertTrue(last == null || found >= last, () -> found + " after " + last);
                    looks++;
                  }
                }
              }
              return looks;
            });
    Thread.ofPlatform().daemon().name("watcher").start(watching);
    return watching;
  }

  /** Pauses the vCPU, and checks all that it has stored so far, in memory and in the file. */
  private static long check(Guest guest, Optional<Path> file) throws Exception {
    assertTrue(guest.cpu.writer().pause(LIMIT));
    try {
      long rounds = StampingCode.rounds(guest.cpu);
      int length = 20480;
      StampingCode.assertStored(
          guest.cpu.architecture(),
          rounds,
          guest.nvdimm.segment().asSlice(0, length).asByteBuffer().order(Guest.LITTLE));
      if (file.isPresent()) {
        ByteBuffer bytes = Guest.inFile(file.get(), 0, length);
        StampingCode.assertStored(guest.cpu.architecture(), rounds, bytes);
      }
      return rounds;
    } finally {
      guest.cpu.writer().resume();
    }
  }

  @ParameterizedTest
  @EnumSource
  @DisplayName("swaps over all pairs of places: each store is found in the new one, none is torn")
  void swaps(Architecture architecture) throws Exception {
    try (Guest guest = Guest.open(disk, architecture)) {
      StampingCode.load(guest);
      guest.machine.addWriter(guest.cpu.writer());
      Future<VcpuExit> run = guest.start();
      AtomicBoolean end = new AtomicBoolean();
      FutureTask<Long> watcher = watch(guest, end);
      List<Duration> pauses = new ArrayList<>();
      long rounds = 0;
      int swaps = 0;
      for (int time = 0; time < TIMES; time++) {
        for (Place from : Place.values()) {
          for (Place to : Place.values()) {
            for (Place place : List.of(from, to)) {
              pauses.add(swap(guest, place).pause());
              swaps++;
              guest.awaitStores();
              long now = check(guest, file(place));
              assertTrue(now > rounds, "the guest goes on");
              rounds = now;
            }
          }
        }
      }
      end.set(true);
      long looks = watcher.get(60, SECONDS);
      assertFalse(run.isDone());
      guest.cpu.interrupt();
      assertEquals(new VcpuExit.Interrupted(), run.get(60, SECONDS));
      guest.machine.removeWriter(guest.cpu.writer());
      pauses.sort(Duration::compareTo);
      System.out.printf(
          "%s: %d swaps, %d rounds of stores, %d looks; pauses: median %d µs, longest %d µs%n",
          architecture.label(),
          swaps,
          rounds,
          looks,
          pauses.get(pauses.size() / 2).toNanos() / 1000,
          pauses.getLast().toNanos() / 1000);
    }
  }

  @Test
  @DisplayName("exchanges of the allocator, under which nobody pauses: each store is found")
  void exchanges() throws Exception {
    String[] none = {};
    try (Guest guest = Guest.open(disk, Architecture.X86_64, "share=on,pmem=on", none)) {
      StampingCode.load(guest);
      guest.machine.addWriter(guest.cpu.writer());
      Future<VcpuExit> run = guest.start();
      AtomicBoolean end = new AtomicBoolean();
      FutureTask<Long> watcher = watch(guest, end);
      long rounds = 0;
      for (int i = 0; i < TIMES * 10; i++) {
        guest.awaitStores();
        guest.machine.admin().use("nv", i % 2 == 0 ? "(backend.kind=file)" : "(backend.kind=dax)");
        long now = check(guest, Optional.of(guest.image));
        assertTrue(now > rounds, "the guest goes on");
        rounds = now;
      }
      end.set(true);
      watcher.get(60, SECONDS);
      guest.cpu.interrupt();
      assertEquals(new VcpuExit.Interrupted(), run.get(60, SECONDS));
      System.out.println(TIMES * 10 + " exchanges, " + rounds + " rounds of stores");
    }
  }
}
