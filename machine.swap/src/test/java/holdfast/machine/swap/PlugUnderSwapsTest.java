package holdfast.machine.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.BusyException;
import holdfast.machine.admin.MachineAdmin;
import holdfast.machine.api.Ejection;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestControl;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.RunningSwap;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPhase;
import holdfast.machine.api.UnmappedAddressException;
import holdfast.machine.core.Holdfast;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Devices that come and go while other work is under way, on the allocators that a library has and
 * the file system of temporary files.
 */
@Timeout(1200)
class PlugUnderSwapsTest {
  /** How often the device comes and goes; a long run sets it to 10,000. */
  private static final int TIMES = Integer.getInteger("holdfast.test.plugs", 300);

  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final GuestAddress FIRST = new GuestAddress(4L << 30);
  private static final GuestAddress SECOND = new GuestAddress((4L << 30) + (1 << 20));

  @TempDir Path folder;

  private Holdfast open() throws Exception {
    return Holdfast.open(
        "-machine",
        "pc,nvdimm=on",
        "-m",
        "1M,slots=4,maxmem=1G",
        "-object",
        "memory-backend-file,id=m0,size=1M,share=on,mem-path=" + folder.resolve("m0.0"),
        "-device",
        "nvdimm,id=nv0,memdev=m0");
  }

  private void plug(MachineAdmin admin) throws AdminException {
    admin.addObject(
        "memory-backend-file",
        Map.of("id", "m1", "size", "1M", "share", "on", "mem-path", folder + "/m1"));
    admin.plug("nvdimm", Map.of("id", "nv1", "memdev", "m1", "addr", "" + SECOND));
  }

  /** What this process holds beneath the folder: mappings and descriptors. */
  private List<String> held() throws IOException {
    try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"));
        Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      List<String> mapped = maps.filter(one -> one.contains(folder + "/m1")).toList();
      List<String> open =
          descriptors
              .flatMap(one -> target(one).stream())
              .filter(one -> one.contains(folder + "/m1"))
              .toList();
      return Stream.concat(mapped.stream(), open.stream()).toList();
    }
  }

  private static Optional<String> target(Path descriptor) {
    try {
      return Optional.of(Files.readSymbolicLink(descriptor).toString());
    } catch (IOException e) {
      return Optional.empty(); // closed meanwhile
    }
  }

  private static TreeSet<String> threads() {
    TreeSet<String> names = new TreeSet<>();
    Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("holdfast") || name.startsWith("guest control"))
        .forEach(names::add);
    return names;
  }

  /** Work beside the plugging, until it is ended. */
  private interface Work {
    void once() throws Exception;
  }

  private static Future<Long> repeat(ExecutorService all, CountDownLatch end, Work work) {
    return all.submit(
        () -> {
          long times = 0;
          while (end.getCount() > 0) {
            work.once();
            times++;
            Thread.yield();
          }
          return times;
        });
  }

  /** A guest that gives up what it is asked for. */
  private record Willing() implements GuestControl {
    @Override
    public String name() {
      return "a willing guest";
    }

    @Override
    public void requestEjection(Ejection ejection) {
      ejection.eject();
    }
  }

  @Test
  @DisplayName(
      "a device comes and goes, half the time by the guest's ejection, beside readers of it, persists"
          + " of it and swaps of another region: no reader crashes, and nothing is left behind")
  void besideReadersPersistsAndSwaps() throws Exception {
    TreeSet<String> before = threads(); // those of other tests that are ending
    try (Holdfast machine = open();
        ExecutorService all = Executors.newFixedThreadPool(3)) {
      MachineAdmin admin = machine.admin();
      GuestMemory memory = machine.memory();
      memory.setLong(FIRST, 0x1122334455667788L, ORDER);
      plug(admin);
      admin.unplug("nv1");
      admin.removeObject("m1");
      int[] file = {0};
      CountDownLatch end = new CountDownLatch(1);
      Future<Long> reader =
          repeat(
              all,
              end,
              () -> {
                try {
                  memory.getLong(SECOND, ORDER);
                } catch (UnmappedAddressException | IllegalStateException e) {
                  // it is just not there: these two are the promise
                }
                assertEquals(0x1122334455667788L, memory.getLong(FIRST, ORDER));
              });
      Future<Long> persister =
          repeat(
              all,
              end,
              () -> {
                try {
                  admin.persist("m1", 0, 4096);
                } catch (AdminException e) {
                  assertTrue(e.getMessage().contains("'m1'"), e.getMessage());
                }
              });
      Future<Long> swapper =
          repeat(
              all,
              end,
              () -> {
                Path next = folder.resolve("m0." + (1 - file[0]));
                assertEquals(
                    SwapPhase.DONE,
                    admin
                        .swap("m0", Map.of("mem-path", next.toString()), SwapLimits.DEFAULT)
                        .await(LIMIT)
                        .phase());
                file[0] = 1 - file[0];
              });
      GuestControl guest = new Willing();
      try {
        for (int time = 0; time < TIMES; time++) {
          plug(admin);
          memory.setLong(SECOND, time, ORDER);
          if (time % 2 == 0) {
            admin.unplug("nv1");
          } else {
            machine.addGuestControl(guest);
            assertTrue(admin.requestUnplug("nv1").await(LIMIT).isPresent());
            machine.removeGuestControl(guest);
          }
          remove(admin);
        }
      } finally {
        end.countDown();
      }
      assertTrue(reader.get(60, TimeUnit.SECONDS) > 0);
      assertTrue(persister.get(60, TimeUnit.SECONDS) > 0);
      assertTrue(swapper.get(60, TimeUnit.SECONDS) > 0);
      assertEquals(List.of(), held());
    }
    TreeSet<String> left = threads();
    left.removeAll(before);
    assertEquals(Set.of(), left);
  }

  private static void remove(MachineAdmin admin) throws AdminException {
    admin.removeObject("m1");
  }

  @Test
  @DisplayName("unplugged during a swap of its own backend, the swap goes on; the backend stays")
  void duringItsOwnSwap() throws Exception {
    try (Holdfast machine = open()) {
      MachineAdmin admin = machine.admin();
      MemoryDevice device = machine.memory().devices().getLast();
      assertEquals("nv0", device.id());
      machine.memory().setLong(FIRST, 42, ORDER);
      SwapLimits slow = SwapLimits.DEFAULT.withBandwidth(holdfast.backend.api.ByteSize.mib(1));
      RunningSwap swap = swap(admin, slow);
      admin.unplug("nv0");
      BusyException busy = assertThrows(BusyException.class, () -> admin.removeObject("m0"));
      assertTrue(busy.getMessage().contains("memory backend 'm0' is being swapped"), "" + busy);
      assertThrows(UnmappedAddressException.class, () -> machine.memory().getLong(FIRST, ORDER));
      assertEquals(SwapPhase.DONE, swap.await(LIMIT).phase());
      admin.plug("nvdimm", Map.of("id", "nv0", "memdev", "m0"));
      assertEquals(42, machine.memory().getLong(FIRST, ORDER));
    }
  }

  private RunningSwap swap(MachineAdmin admin, SwapLimits limits)
      throws AdminException, SwapException {
    return admin.swap("m0", Map.of("mem-path", folder.resolve("m0.1").toString()), limits);
  }
}
