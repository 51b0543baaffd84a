package holdfast.launcher.internal.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.admin.MachineStatus;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import holdfast.machine.api.RegionState;
import holdfast.machine.core.FakeBlock;
import holdfast.machine.core.Machine;
import holdfast.machine.core.Region;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A machine that is up stays up through all changes around it, and ends in order. */
@Timeout(120)
class MachineLivesTest {
  private final MachineFixture there = new MachineFixture().withFile().withDax();
  private final List<String> heard = Collections.synchronizedList(new ArrayList<>());
  private Machine machine;
  private Region region;

  @BeforeEach
  void comeUp() throws InterruptedException {
    there.backend("m0", "pmem=on");
    there.nvdimm("nv0", "m0");
    there.machine("objects=m0", "devices=nv0");
    machine = there.up();
    region = machine.find("m0").orElseThrow().region();
    machine.memory().addListener(new Listener());
    heard.clear();
  }

  @AfterEach
  void close() {
    there.close();
  }

  private final class Listener implements GuestMemoryListener {
    @Override
    public void deviceAdded(MemoryDevice added) {
      heard.add("added " + added.id());
    }

    @Override
    public void deviceRemoved(MemoryDevice removed) {
      assertTrue(removed.segment().scope().isAlive(), "its bytes stay until all have let go");
      heard.add("removed " + removed.id());
    }

    @Override
    public void regionChanged(MemoryRegion changed) {
      heard.add(changed.id() + " " + changed.state() + " " + changed.durability().obtained());
    }
  }

  @Test
  @DisplayName(
      "allocators that go because the framework stops change no region, and nobody hears of them")
  void allocatorsGoWithTheFramework() {
    there.framework.beginsToStop();
    there.unregister(there.dax);
    there.unregister(there.file);

    assertEquals(List.of(), heard);
    assertEquals(RegionState.ATTACHED, region.state());
    there.close();
    assertEquals(List.of(FakeBlock.End.CLOSED, FakeBlock.End.CLOSED), there.ends());
  }

  @Test
  @DisplayName("allocators that go and come change the region, and listeners hear of each change")
  void allocatorsComeAndGo() {
    there.unregister(there.dax);
    there.unregister(there.file);
    there.withDax();

    assertEquals(
        List.of(
            "m0 ATTACHED page",
            "m0 DETACHED page",
            // the base RAM can't be re-mapped, and waits for an allocator of its own kind
            "pc.ram DETACHED page",
            "m0 ATTACHED cache-line"),
        heard);
    assertSame(
        machine, assertInstanceOf(MachineState.Up.class, there.component().state()).machine());
    assertEquals(RegionState.ATTACHED, region.state());
  }

  @Test
  @DisplayName("allocator.target in a changed configuration re-maps the region live")
  void aChangedFilterIsFollowed() throws Exception {
    there.backend("m0", "pmem=on", "allocator.target=(backend.kind=file)");
    there.awaitFollowed();
    assertEquals("file", region.status().allocator());

    there.backend("m0", "pmem=on");
    there.awaitFollowed();
    assertEquals("dax", region.status().allocator());
    assertEquals(List.of("m0 ATTACHED page", "m0 ATTACHED cache-line"), heard);
  }

  @Test
  void aMistakeInAChangedFilterChangesNothing() throws Exception {
    there.backend("m0", "pmem=on", "allocator.target=(x");
    there.awaitFollowed();

    assertEquals("dax", region.status().allocator());
    assertEquals(List.of(), heard);
  }

  @Test
  @DisplayName("what else changes in configurations waits until the machine starts again")
  void anOpenRegionDoesNotChangeItsBlock() throws Exception {
    there.backend("m0", "pmem=on", "size=4M");
    there.backend("m0", "id=other", "size=nonsense");
    there.nvdimm("nv0", "m0", "slot=3");
    there.machine("objects=m0,m1", "devices=nv0", "size=2M");
    there.awaitFollowed();

    assertSame(
        machine, assertInstanceOf(MachineState.Up.class, there.component().state()).machine());
    assertEquals(ByteSize.mib(1), region.size());
    assertEquals(0, machine.memory().devices().getLast().slot());
    assertEquals(List.of(), heard);
  }

  @Test
  @DisplayName(
      "a backend's configuration goes and comes again: the region goes on, with its allocator")
  void aConfigurationThatGoesIsNoEnd() throws Exception {
    there.configurations.delete(MachineFixture.backendPid("m0"));
    there.awaitFollowed();
    assertEquals("dax", region.status().allocator());

    there.backend("m0", "pmem=on", "allocator.target=(backend.kind=file)");
    there.awaitFollowed();
    assertEquals("file", region.status().allocator());
  }

  @Test
  @DisplayName("the machine's configuration goes: it ends; comes again: it is up again")
  void theMachineEndsAndComesAgain() throws Exception {
    there.configurations.delete(MachineComponent.PID);
    there.await(MachineState.Unconfigured.class);
    there.awaitFollowed();
    assertFalse(region.segment().scope().isAlive());
    assertEquals(List.of(), there.guestMemories());

    there.machine("objects=m0", "devices=nv0");
    assertNotSame(machine, there.up());
  }

  @Test
  @DisplayName("ConfigAdmin goes and comes again: what was configured holds meanwhile")
  void configAdminGoes() throws Exception {
    there.component().unbindConfigurations(there.admin());
    there.awaitFollowed();
    there.component().bindConfigurations(there.admin(), null);
    there.awaitFollowed();
    assertSame(machine, there.up());
    assertEquals(List.of(), heard);
  }

  @Test
  @DisplayName("another configuration with the same id has no say in the region")
  void anotherConfigurationWithTheSameIdIsNotFollowed() throws Exception {
    there.configurations.put(
        MachineFixture.backendPid("twin"),
        MachineFixture.pairs(
            "id=m0", "size=1M", "mem-path=/m0", "allocator.target=(backend.kind=file)"));
    there.awaitFollowed();

    assertEquals("dax", region.status().allocator());
    assertEquals("", region.filter().text());
  }

  @Test
  @DisplayName("a page that the host can't provide fails its region, and the listeners hear of it")
  void aLostPageIsTold() {
    region.fail(new InternalError("a page is gone"));

    assertEquals(List.of("m0 FAILED cache-line"), heard);
    assertInstanceOf(MachineState.Up.class, there.component().state());
  }

  @Test
  @DisplayName("restarted, it is another machine, with what was configured meanwhile")
  void restarts() throws Exception {
    there.nvdimm("nv0", "m0", "slot=3");
    there.awaitFollowed();

    assertEquals(MachineStatus.Phase.UP, there.component().restart().phase());

    Machine again = there.up();
    assertNotSame(machine, again);
    assertEquals(3, again.memory().devices().getLast().slot());
    assertFalse(region.segment().scope().isAlive());
    assertEquals(List.of(again.memory()), there.guestMemories());
  }

  @Test
  @DisplayName("restarted with a mistake, nothing is up, and the answer has the reason; then it is")
  void restartsWithAMistake() throws Exception {
    there.backend("m0", "size=nonsense");
    there.awaitFollowed();

    MachineStatus failed = there.component().restart();
    assertEquals(MachineStatus.Phase.FAILED, failed.phase());
    assertTrue(failed.reason().contains("nonsense"), failed::toString);
    assertFalse(region.segment().scope().isAlive());

    there.backend("m0");
    there.up();
    assertEquals(MachineStatus.Phase.UP, there.component().restart().phase());
  }

  @Test
  @DisplayName(
      "what could not come up again is not ended: no ConfigAdmin, or it would wait for a guest")
  void refusesToRestart() throws Exception {
    there.machine("objects=m0", "devices=nv0", "x-incoming=defer");
    there.awaitFollowed();
    String waits = assertThrows(RefusedException.class, there.component()::restart).getMessage();
    assertTrue(waits.contains("x-incoming=defer"), waits);

    there.component().unbindConfigurations(there.admin());
    String gone = assertThrows(RefusedException.class, there.component()::restart).getMessage();
    assertTrue(gone.contains("ConfigAdmin is gone"), gone);
    assertSame(
        machine, assertInstanceOf(MachineState.Up.class, there.component().state()).machine());
  }

  @Test
  @DisplayName("at the end the service goes first, then the devices from the top, then the memory")
  void endsInOrder() throws Exception {
    there.framework.onUnregister(
        () -> {
          assertTrue(region.segment().scope().isAlive());
          heard.add("unregistered");
        });

    there.close();

    assertEquals(List.of("unregistered", "removed nv0", "removed ram:below-4g"), heard);
    assertInstanceOf(MachineState.Ended.class, there.component().state());
    assertEquals(List.of(FakeBlock.End.CLOSED, FakeBlock.End.CLOSED), there.ends());
    assertFalse(region.segment().scope().isAlive());
    assertThrows(IllegalStateException.class, () -> region.persist(0, 1));
    assertInstanceOf(MachineState.Ended.class, there.component().awaitSettled(0));
  }

  @Test
  void whatChangesAfterTheEndIsOfNoConsequence() {
    there.close();

    there.unregister(there.dax);
    there.withDax();
    there.backend("m0");
    there.nvdimm("nv0", "m0");
    there.configurations.delete(MachineFixture.backendPid("m0"));

    assertInstanceOf(MachineState.Ended.class, there.component().state());
    assertEquals(2, there.ends().size());
  }
}
