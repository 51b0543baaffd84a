package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.HostLibc;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.LeakCheck;
import holdfast.machine.admin.AdminEvent;
import holdfast.machine.admin.MachineNotUpException;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.UnmappedAddressException;
import holdfast.machine.config.MachineOptions;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Memory backends and devices that come and go while the guest runs, on the product's own blocks on
 * the file system of temporary files.
 */
@Timeout(600)
class LivePlugTest {
  /** How often everything comes and goes; a long run sets it to 10,000. */
  private static final int TIMES = Integer.getInteger("holdfast.test.plugs", 1_000);

  private static final GuestAddress DEVICE = new GuestAddress(4L << 30);
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  @TempDir Path folder;

  private final FaultyLibc libc = new FaultyLibc(HostLibc.instance());
  private final AdminEvents events = new AdminEvents();
  private Machine machine;
  private MachineOperations admin;
  private LeakCheck leaks;

  @BeforeEach
  void open() throws Exception {
    leaks = LeakCheck.start(libc, folder);
    MapperAllocator allocator =
        new MapperAllocator(new RamMapper(libc, Path.of("/sys")), MappingStyle.kernel("file"));
    Candidates candidates = new Candidates();
    candidates.add(allocator, allocator.properties(1, 0));
    MachineOptions options = new MachineOptions();
    options.read("-machine", "pc,nvdimm=on");
    options.read("-m", "1M,slots=4,maxmem=1G");
    machine = Machine.open(options.spec(), candidates, ImageCheck.NONE);
    admin =
        new MachineOperations(
            machine,
            Optional.empty(),
            Optional.empty(),
            KindFilter::read,
            new GuestControls(),
            events);
  }

  @AfterEach
  void close() {
    machine.close();
    events.close();
    leaks.close();
  }

  private void plug() throws Exception {
    admin.addObject(
        "memory-backend-file",
        Map.of("id", "m1", "size", "64K", "share", "on", "mem-path", folder + "/m1.img"));
    admin.plug("nvdimm", Map.of("id", "nv1", "memdev", "m1"));
  }

  private void unplug() throws Exception {
    admin.unplug("nv1");
    admin.removeObject("m1");
  }

  /** Stores numbers into base RAM and reads them back, until it is ended. */
  private static long store(GuestMemory memory, CountDownLatch end) {
    long stores = 0;
    while (end.getCount() > 0) {
      GuestAddress at = new GuestAddress(stores % 1024 * 8);
      memory.setLong(at, stores, ORDER);
      assertEquals(stores, memory.getLong(at, ORDER));
      stores++;
      Thread.yield(); // the machine may have no more processors than this test has threads
    }
    return stores;
  }

  /** Reads the device, which is there or not, until it is ended; no number is ever smaller. */
  private static long read(GuestMemory memory, CountDownLatch end) {
    long reads = 0;
    long last = 0;
    while (end.getCount() > 0) {
      try {
        long next = memory.getLong(DEVICE, ORDER);
        assertTrue(next >= last, next + " after " + last);
        last = next;
        reads++;
      } catch (UnmappedAddressException | IllegalStateException e) {
        Thread.yield(); // it is just not there
      }
    }
    return reads;
  }

  @Test
  @DisplayName(
      "plugged and unplugged under readers and writers: no byte is lost, and nothing is left")
  void comesAndGoes() throws Exception {
    GuestMemory memory = machine.memory();
    AtomicLong seen = new AtomicLong();
    memory.addListener(
        new GuestMemoryListener() {
          @Override
          public void deviceAdded(MemoryDevice device) {
            seen.incrementAndGet();
          }

          @Override
          public void deviceRemoved(MemoryDevice device) {
            assertTrue(
                device.segment().scope().isAlive(), "its bytes stay until all have returned");
            seen.incrementAndGet();
          }

          @Override
          public void regionChanged(MemoryRegion region) {}
        });
    CountDownLatch end = new CountDownLatch(1);
    plug();
    unplug();
    TreeSet<String> threads = threads();
    List<String> held = leaks.leaks();
    try (ExecutorService guest = Executors.newFixedThreadPool(3)) {
      Future<Long> writer = guest.submit(() -> store(memory, end));
      Future<Long> reader = guest.submit(() -> read(memory, end));
      try {
        for (long time = 1; time <= TIMES; time++) {
          plug();
          assertEquals(time - 1, memory.getLong(DEVICE, ORDER));
          memory.setLong(DEVICE, time, ORDER);
          unplug();
        }
      } finally {
        end.countDown();
      }
      assertTrue(writer.get(60, TimeUnit.SECONDS) > 0);
      assertTrue(reader.get(60, TimeUnit.SECONDS) >= 0);
    }
    assertEquals(2L * (TIMES + 1) + 1, seen.get(), "each is reported once; the RAM was there");
    assertEquals(held, leaks.leaks(), "the base RAM alone");
    assertEquals(threads, threads());
    assertEquals(List.of("m1.img"), names());
    assertEquals(TIMES, ByteOrderOf.firstLong(folder.resolve("m1.img")));
  }

  /** Reads what a file begins with. */
  private interface ByteOrderOf {
    static long firstLong(Path file) throws IOException {
      return java.nio.ByteBuffer.wrap(Files.readAllBytes(file)).order(ORDER).getLong();
    }
  }

  private List<String> names() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(one -> one.getFileName().toString()).sorted().toList();
    }
  }

  /** The names of Holdfast's threads. */
  private static TreeSet<String> threads() {
    TreeSet<String> names = new TreeSet<>();
    Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("holdfast"))
        .forEach(names::add);
    return names;
  }

  @Test
  @DisplayName("a change that is refused or fails leaves nothing, and what is there goes on")
  void failuresLeaveNothing() throws Exception {
    plug();
    machine.memory().setLong(DEVICE, 7, ORDER);
    TreeSet<String> before = new TreeSet<>(leaks.leaks());
    assertThrows(
        Exception.class,
        () ->
            admin.addObject(
                "memory-backend-file",
                Map.of("id", "m2", "size", "64K", "mem-path", folder + "/nothing/m2.img")));
    assertThrows(
        Exception.class,
        () ->
            admin.addObject(
                "memory-backend-file",
                Map.of("id", "m2", "size", "64K", "share", "on", "mem-path", folder + "/m1.img")));
    assertThrows(Exception.class, () -> admin.removeObject("m1"));
    assertThrows(Exception.class, () -> admin.plug("nvdimm", Map.of("memdev", "m1")));

    assertEquals(before, new TreeSet<>(leaks.leaks()));
    assertEquals(List.of("m1.img"), names());
    assertEquals(7, machine.memory().getLong(DEVICE, ORDER));
    unplug();
  }

  @Test
  @DisplayName("after the end every change is refused; one that is under way leaves nothing")
  void theEndRefusesChanges() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    try (ExecutorService operator = Executors.newSingleThreadExecutor()) {
      Future<Integer> changes =
          operator.submit(
              () -> {
                int done = 0;
                try {
                  while (true) {
                    plug();
                    done++;
                    begun.countDown();
                    unplug();
                  }
                } catch (MachineNotUpException e) {
                  return done;
                }
              });
      assertTrue(begun.await(60, TimeUnit.SECONDS));
      machine.close();
      assertTrue(changes.get(60, TimeUnit.SECONDS) > 0);
    }
    assertEquals(List.of(), leaks.leaks());
  }

  @Test
  @DisplayName("events come in the order of the changes, numbered without gaps")
  void eventsHaveOneOrder() throws Exception {
    List<AdminEvent> received = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch last = new CountDownLatch(8);
    try (var _ =
        admin.subscribe(
            event -> {
              received.add(event);
              last.countDown();
            })) {
      plug();
      unplug();
      plug();
      unplug();
      assertTrue(last.await(60, TimeUnit.SECONDS));
    }
    List<String> kinds =
        received.stream().map(event -> event.change().getClass().getSimpleName()).toList();
    List<String> round =
        List.of("ObjectAdded", "DevicePlugged", "DeviceUnplugged", "ObjectRemoved");
    assertEquals(round, kinds.subList(0, 4));
    assertEquals(round, kinds.subList(4, 8));
    for (int at = 1; at < received.size(); at++) {
      assertEquals(received.get(at - 1).number() + 1, received.get(at).number());
    }
  }
}
