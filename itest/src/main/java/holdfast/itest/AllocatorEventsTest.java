package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.RamFlag;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.RegionState;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.osgi.framework.BundleException;

/**
 * Each event of the allocators' services re-maps a live region, with readers, writers and persists
 * under way; at the end every byte is as the guest left it, in memory and in the file. On files of
 * the build's disk, which has no DAX: both allocators take the shared region there.
 */
class AllocatorEventsTest extends LiveMachineTest {
  private static final String ON_DAX = "attached RAM_SHARED,RAM_PMEM";
  private static final String ON_FILE = "attached RAM_SHARED";

  private GuestMemory memory;
  private MemorySegment segment;
  private ChangeLog log;
  private GuestLoad load;

  @BeforeEach
  void startGuest() {
    memory = machine.bringUp();
    segment = machine.region("shared").segment();
    log = new ChangeLog();
    memory.addListener(log);
    load = GuestLoad.on(memory).persisting(2);
  }

  @AfterEach
  void everyByteIsThere() {
    load.awaitProgress();
    load.stop();
    load.checkMemory();
    load.checkFile("nvdimm0", machine.sharedFile());
    assertEquals(0, log.overlaps());
    memory.removeListener(log);
  }

  /** What the listeners were told of the shared region since this was last asked. */
  private List<String> told() {
    load.awaitProgress();
    assertSame(segment, machine.region("shared").segment());
    return log.takeChangesOf("shared");
  }

  @Test
  @DisplayName("the bound bundle stops and starts: to the other allocator, and back to the better")
  void stopsAndStarts() throws BundleException {
    dax.stop();
    assertEquals(List.of(ON_FILE), told());
    assertEquals("attached to allocator file", machine.state("shared"));
    dax.start();
    assertEquals(List.of(ON_DAX), told());
    file.stop();
    assertEquals(List.of(), told(), "it was not bound to that one");
    file.start();
    assertEquals(List.of(), told(), "a lesser one came");
  }

  @Test
  @DisplayName("the last allocator goes: detached, serving and persisting; one comes: attached")
  void detachesAndAttaches() throws BundleException {
    file.stop();
    dax.stop();
    assertEquals(List.of("detached RAM_SHARED,RAM_PMEM"), told());
    assertEquals(RegionState.DETACHED, machine.region("shared").state());
    assertTrue(machine.run("ram:show shared").contains("no allocator that takes it is there"));
    assertTrue(machine.run("ram:persist shared").contains("are durable (granularity page)"));
    file.start();
    assertEquals(List.of(ON_FILE), told());
    dax.start();
    assertEquals(List.of(ON_DAX), told());
  }

  @Test
  @DisplayName("the bound bundle is updated, uninstalled and installed again")
  void updatesAndReinstalls() throws BundleException {
    dax.update();
    assertEquals(List.of(ON_FILE, ON_DAX), told());
    dax.reinstall();
    assertEquals(List.of(ON_FILE, ON_DAX), told());
    String location = dax.uninstall();
    assertEquals(List.of(ON_FILE), told());
    file.reinstall();
    assertEquals(List.of("detached RAM_SHARED", ON_FILE), told());
    dax.install(location);
    dax.start();
    assertEquals(List.of(ON_DAX), told());
  }

  @Test
  @DisplayName("a ranking is raised by configuration: the region follows; deleted: it goes back")
  void followsRankings() {
    machine.configure("holdfast.backend.file", Map.of("service.ranking", 200));
    Await.until("on file", () -> machine.state("shared"), s -> s.endsWith("allocator file"));
    assertEquals(List.of(ON_FILE), told());
    machine.delete("holdfast.backend.file");
    Await.until("on dax", () -> machine.state("shared"), s -> s.endsWith("allocator dax"));
    assertEquals(List.of(ON_DAX), told());
  }

  @Test
  @DisplayName("ram:use chooses, refuses what nobody matches, and is kept in the configuration")
  void operatorChooses() throws BundleException {
    assertTrue(machine.run("ram:use shared '(backend.kind=file)'").contains("allocator file"));
    assertEquals(List.of(ON_FILE), told());
    assertEquals(
        "(backend.kind=file)", machine.configured(MachineFixture.SHARED).get("allocator.target"));

    String refused = machine.run("ram:use shared '(backend.kind=nfs)'");
    assertTrue(refused.contains("it stays with file"), refused);
    assertTrue(machine.run("ram:use shared '((('").contains("not an OSGi filter"));
    assertEquals(List.of(), told());

    dax.stop();
    dax.start();
    assertEquals(List.of(), told(), "a better one came, but file was chosen");
    file.stop();
    assertEquals(List.of("detached RAM_SHARED"), told());
    file.start();
    assertEquals(List.of(ON_FILE), told());

    assertTrue(machine.run("ram:use shared '*'").contains("allocator dax"));
    assertEquals(List.of(ON_DAX), told());
    Await.until(
        "without a choice",
        () -> machine.configured(MachineFixture.SHARED),
        properties -> properties.get("allocator.target") == null);
  }

  @Test
  @DisplayName("private and plain memory stay where they are, say why, and come back to their own")
  void pinnedRegionsStay() throws BundleException {
    file.stop();
    assertEquals(RegionState.DETACHED, machine.region("private").state());
    assertEquals(RegionState.DETACHED, machine.region("anonymous").state());
    assertEquals(List.of("detached "), log.takeChangesOf("private"));
    load.awaitProgress();
    file.start();
    assertEquals(List.of("attached "), log.takeChangesOf("private"));
    assertEquals(RegionState.ATTACHED, machine.region("anonymous").state());

    assertFalse(machine.region("private").obtained().contains(RamFlag.RAM_SHARED));
    assertTrue(machine.run("ram:persist private").contains("share=off"));
  }

  @Test
  @DisplayName("the launcher's bundle stops: the machine ends in order; it starts: all is back")
  void launcherStopsAndStarts() throws BundleException {
    load.stop();
    load.checkMemory();
    memory.removeListener(log);
    AllocatorBundle launcher = new AllocatorBundle(context, "holdfast.launcher");
    launcher.stop();
    assertTrue(machine.guestMemory().isEmpty());
    assertEquals(List.of(), machine.held());
    load.checkFile("nvdimm0", machine.sharedFile());
    launcher.start();
    memory = machine.awaitUp();
    segment = machine.region("shared").segment();
    memory.addListener(log);
    load = GuestLoad.on(memory);
  }
}
