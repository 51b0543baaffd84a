package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.host.testkit.Storage;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.LostMemoryException;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.RegionState;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * The backing of one region goes under a running guest: an exception that names it, a region that
 * has failed and says why, a machine that goes on with the rest and ends in order; the JVM lives.
 * On files of the build's disk, and of a small file system in memory.
 *
 * <p>The JVM may learn of a lost page some stores late, and those are lost silently: no test relies
 * on what becomes of a single one.
 */
class LostBackingTest extends LiveMachineTest {
  private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;
  private static final int PAGE = 4096;

  /** Rounds over all pages until an access must have been refused. */
  private static final int PATIENCE = 1_000;

  private final ChangeLog log = new ChangeLog();

  /**
   * Stores into every page of a device until that is refused. Compiled code may learn of a lost
   * page when the store is behind it: that error comes from wherever the thread is by then, and may
   * do so each time. Then whole pages are stored, by other code.
   */
  private static LostMemoryException storeUntilRefused(GuestMemory memory, MemoryDevice device) {
    for (int round = 0; round < PATIENCE; round++) {
      try {
        storeIntoEveryPage(memory, device, round);
      } catch (LostMemoryException refused) {
        return refused;
      } catch (InternalError late) {
        try {
          writeEveryPage(memory, device);
        } catch (LostMemoryException refused) {
          return refused;
        } catch (InternalError lateAgain) {
          // another round
        }
      }
    }
    return fail("no store into " + device + " was refused");
  }

  private static void storeIntoEveryPage(GuestMemory memory, MemoryDevice device, long value) {
    for (long at = 0; at < device.size().bytes(); at += PAGE) {
      memory.setLong(device.address().plus(at), value, LITTLE);
    }
  }

  private static void writeEveryPage(GuestMemory memory, MemoryDevice device) {
    MemorySegment page = MemorySegment.ofArray(new byte[PAGE]);
    for (long at = 0; at + PAGE <= device.size().bytes(); at += PAGE) {
      memory.write(device.address().plus(at), page);
    }
  }

  private List<String> awaitToldOf(String id) {
    return Await.until("told of " + id, () -> log.takeChangesOf(id), told -> !told.isEmpty());
  }

  private void assertLostIsNamed(LostMemoryException lost, String deviceId, String id, Path file) {
    assertEquals(deviceId, lost.device().id());
    assertInstanceOf(InternalError.class, lost.getCause());
    for (String word :
        List.of(
            "'" + id + "'",
            "'" + deviceId + "'",
            file.toString(),
            "truncated",
            "stop the guest and look at")) {
      assertTrue(lost.getMessage().contains(word), () -> word + " is not in " + lost.getMessage());
    }
  }

  /** What the shell says of a region that has failed, and what it refuses to do with it. */
  private void assertToldAsFailed(String id, Path file, String reason) {
    assertEquals(RegionState.FAILED, machine.region(id).state());
    String row =
        machine.run("ram:list").lines().filter(line -> line.startsWith(id + " ")).findFirst().get();
    assertTrue(row.contains(" failed "), row);
    String shown = machine.run("ram:show " + id);
    assertTrue(machine.state(id).startsWith("failed"), shown);
    String note = shown.lines().filter(line -> line.startsWith("  note ")).findFirst().orElse("");
    assertTrue(note.contains(reason), shown);

    for (String command : List.of("ram:use " + id + " file", "ram:persist " + id)) {
      String refused = machine.run(command);
      assertTrue(refused.contains("'" + id + "'"), refused);
      assertTrue(refused.contains("failed"), refused);
      assertTrue(refused.contains(file.toString()), refused);
      assertTrue(refused.contains("start the machine again"), refused);
    }
  }

  private static void assertWorks(GuestMemory memory, MemoryDevice device, boolean durable)
      throws PersistException {
    GuestAddress last = device.address().plus(device.size().bytes() - Long.BYTES);
    memory.setLong(last, 4711, LITTLE);
    assertEquals(4711, memory.getLong(last, LITTLE));
    MemorySegment bytes = MemorySegment.ofArray(new byte[PAGE]);
    memory.read(device.address(), bytes);
    memory.write(device.address(), bytes);
    Granularity held = memory.persist(last, new ByteSize(Long.BYTES));
    assertEquals(durable, held != Granularity.NONE);
  }

  @Test
  @DisplayName(
      "a file is truncated under a running guest: its region fails, once; all else goes on")
  void aFileIsTruncated() throws Exception {
    Path other = machine.folder().resolve("other.img");
    Map<String, Map<String, Object>> standard = machine.standard();
    Map<String, Object> wider = new HashMap<>(standard.get(MachineFixture.MACHINE));
    wider.put("objects", List.of("shared", "private", "anonymous", "other"));
    wider.put("devices", List.of("nvdimm0", "dimm0", "dimm1", "nvdimm1"));
    standard.put(MachineFixture.MACHINE, wider);
    standard.put(
        "holdfast.memory.backend.file~other",
        Map.of("id", "other", "mem-path", other.toString(), "size", "4M", "share", "on"));
    standard.put("holdfast.nvdimm~nvdimm1", Map.of("id", "nvdimm1", "memdev", "other"));
    standard.forEach(machine::configure);
    GuestMemory memory = machine.awaitUp();
    memory.addListener(log);
    MemoryDevice device = machine.device("nvdimm0");
    GuestLoad load = GuestLoad.on(memory).persisting(1);

    try (FileChannel channel = FileChannel.open(machine.sharedFile(), StandardOpenOption.WRITE)) {
      channel.truncate(0);
    }
    LostMemoryException lost = storeUntilRefused(memory, device);
    load.close();

    assertLostIsNamed(lost, "nvdimm0", "shared", machine.sharedFile());
    assertToldAsFailed("shared", machine.sharedFile(), "truncated");
    assertThrows(
        PersistException.class,
        () -> memory.persist(device.address(), new ByteSize(PAGE)),
        "although the file could have been grown again");
    assertEquals(List.of("failed RAM_SHARED,RAM_PMEM"), awaitToldOf("shared"));

    dax.stop(); // which looked after it, and would be followed by the other
    dax.start();
    assertEquals(List.of(), log.takeChangesOf("shared"), "it has failed for good");

    assertWorks(memory, machine.device("ram:below-4g"), false);
    assertWorks(memory, machine.device("dimm0"), false);
    assertWorks(memory, machine.device("dimm1"), false);
    assertWorks(memory, machine.device("nvdimm1"), true);
    assertTrue(machine.run("ram:persist other").contains("are durable (granularity page)"));
    memory.removeListener(log);
    machine.takeDown();
    assertEquals(0, Files.size(machine.sharedFile()));
    try (FileChannel channel = FileChannel.open(other, StandardOpenOption.READ)) {
      ByteBuffer last = ByteBuffer.allocate(Long.BYTES).order(LITTLE);
      channel.read(last, (4 << 20) - Long.BYTES);
      assertEquals(4711, last.getLong(0));
    }
  }

  @Test
  @DisplayName("a truncated file that is grown again stays failed: what it held is gone")
  void aFileThatIsGrownAgainStaysFailed() throws IOException {
    GuestMemory memory = machine.bringUp();
    MemoryDevice device = machine.device("nvdimm0");
    try (FileChannel channel = FileChannel.open(machine.sharedFile(), StandardOpenOption.WRITE)) {
      long size = channel.size();
      channel.truncate(PAGE);
      PersistException refused =
          assertThrows(
              PersistException.class, () -> memory.persist(device.address(), device.size()));
      assertTrue(refused.getMessage().contains("was truncated to 4096 bytes"), refused::toString);
      channel.write(ByteBuffer.allocate(1), size - 1);
    }
    assertToldAsFailed("shared", machine.sharedFile(), "truncated");
    assertThrows(
        PersistException.class, () -> memory.persist(device.address(), new ByteSize(PAGE)));
  }

  @Test
  @DisplayName("a hole that the disk has no room for: the same, in a file with reserve=off")
  void aHoleCantBeFilled() throws Exception {
    try (SmallTmpfs disk = SmallTmpfs.mount(machine.folder(), "size=2m")) {
      Map<String, Map<String, Object>> all =
          new HashMap<>(
              Map.of(
                  MachineFixture.MACHINE,
                  Map.of(
                      "nvdimm", true, "size", "4M", "slots", 1, "maxmem", "1G", "objects", "shared",
                      "devices", "nvdimm0"),
                  MachineFixture.SHARED,
                  Map.of(
                      "id",
                      "shared",
                      "mem-path",
                      machine.sharedFile().toString(),
                      "size",
                      "8M",
                      "share",
                      "on",
                      "reserve",
                      "off"),
                  MachineFixture.NVDIMM,
                  Map.of("id", "nvdimm0", "memdev", "shared")));
      all.forEach(machine::configure);
      GuestMemory memory = machine.awaitUp();
      memory.addListener(log);

      LostMemoryException lost = storeUntilRefused(memory, machine.device("nvdimm0"));

      assertLostIsNamed(lost, "nvdimm0", "shared", machine.sharedFile());
      assertToldAsFailed("shared", machine.sharedFile(), "truncated");
      assertEquals(List.of("failed RAM_SHARED,RAM_NORESERVE"), awaitToldOf("shared"));
      assertWorks(memory, machine.device("ram:below-4g"), false);
      memory.removeListener(log);
      machine.takeDown();
    }
  }

  @Test
  @DisplayName(
      "a disk that fails when an allocator's bundle stops: the region has failed, and no later"
          + " persist claims anything")
  void aRemapFails() throws Exception {
    Path backing = Storage.disk().newFolder();
    try (FailingDisk disk = FailingDisk.mount(machine.folder(), backing)) {
      Map<String, Object> shared = new HashMap<>(machine.standard().get(MachineFixture.SHARED));
      shared.put("size", "8M");
      machine.configure(
          MachineFixture.MACHINE,
          Map.of(
              "nvdimm", true, "size", "4M", "slots", 1, "maxmem", "1G", "objects", "shared",
              "devices", "nvdimm0"));
      machine.configure(MachineFixture.SHARED, shared);
      machine.configure(MachineFixture.NVDIMM, Map.of("id", "nvdimm0", "memdev", "shared"));
      GuestMemory memory = machine.awaitUp();
      memory.addListener(log);
      MemoryDevice device = machine.device("nvdimm0");
      storeIntoEveryPage(memory, device, 1);

      dax.stop();

      assertEquals(List.of("failed RAM_SHARED,RAM_PMEM"), awaitToldOf("shared"));
      assertToldAsFailed("shared", machine.sharedFile(), "could not be written back (msync: ");
      for (int time = 0; time < 3; time++) {
        PersistException refused =
            assertThrows(
                PersistException.class, () -> memory.persist(device.address(), device.size()));
        assertTrue(refused.getMessage().contains("has failed before"), refused::toString);
      }
      memory.removeListener(log);
      machine.takeDown();
    } finally {
      dax.start();
    }
    Storage.remove(backing);
  }

  @Test
  @DisplayName("a disk that fails under a persist: told, and no later persist claims anything")
  void aPersistFails() throws Exception {
    Path backing = Storage.disk().newFolder();
    try (FailingDisk disk = FailingDisk.mount(machine.folder(), backing)) {
      Map<String, Object> shared = new HashMap<>(machine.standard().get(MachineFixture.SHARED));
      shared.put("size", "8M");
      machine.configure(
          MachineFixture.MACHINE,
          Map.of(
              "nvdimm", true, "size", "4M", "slots", 1, "maxmem", "1G", "objects", "shared",
              "devices", "nvdimm0"));
      machine.configure(MachineFixture.SHARED, shared);
      machine.configure(MachineFixture.NVDIMM, Map.of("id", "nvdimm0", "memdev", "shared"));
      GuestMemory memory = machine.awaitUp();
      memory.addListener(log);
      MemoryDevice device = machine.device("nvdimm0");
      for (long at = 0; at < device.size().bytes(); at += PAGE) {
        memory.setLong(device.address().plus(at), at, LITTLE);
      }

      PersistException refused =
          assertThrows(
              PersistException.class, () -> memory.persist(device.address(), device.size()));

      assertTrue(
          refused
              .getMessage()
              .matches(
                  ".*'shared' on .*: msync: (EIO .*check the disk|ENOSPC .*free some space).*"),
          refused::toString);
      assertEquals(List.of("failed RAM_SHARED,RAM_PMEM"), awaitToldOf("shared"));
      assertToldAsFailed("shared", machine.sharedFile(), "could not be made durable: msync: ");
      assertThrows(
          PersistException.class, () -> memory.persist(device.address(), new ByteSize(PAGE)));
      assertWorks(memory, machine.device("ram:below-4g"), false);
      memory.removeListener(log);
      machine.takeDown();
    }
    Storage.remove(backing);
  }
}
