package holdfast.vcpu.api.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.machine.api.GuestAddress;
import holdfast.vcpu.api.MemoryFault;
import holdfast.vcpu.api.MemoryFault.Access;
import holdfast.vcpu.api.VcpuExit;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each access that an engine did not serve has a typed cause. */
class AccessFinderTest {
  private static final LongConsumer NOBODY = _ -> {};
  private static final GuestAddress AT = new GuestAddress(0x4000);

  private final FakeMemory memory = new FakeMemory();
  private MemoryFollower follower;
  private AccessFinder finder;

  @BeforeEach
  void follow() throws Exception {
    follower = MemoryFollower.open(memory.memory(), new FakeMapper(2));
    finder = new AccessFinder(memory.memory(), follower);
  }

  @AfterEach
  void close() {
    follower.close();
  }

  private VcpuExit store() {
    return finder.store(AT, 8, 7).orElseThrow();
  }

  @Test
  void whereNoMemoryWasThereIsADevice() {
    assertEquals(new VcpuExit.MmioWrite(AT, 8, 7), store());
    assertEquals(Optional.of(new VcpuExit.MmioRead(AT, 4, NOBODY)), finder.load(AT, 4, NOBODY));
  }

  @Test
  void memoryThatIsThereIsTriedAgain() {
    memory.plug("nv", AT.value(), 0x1000, false);
    assertEquals(Optional.empty(), finder.store(AT, 8, 7));
    assertEquals(Optional.empty(), finder.load(AT, 8, NOBODY));
  }

  @Test
  void unpluggedMemoryNamesItsDevice() {
    memory.unplug(memory.plug("nv", AT.value(), 0x1000, false));
    assertEquals(new MemoryFault.Unplugged(new Access(AT, 8, true), "nv"), store());
  }

  @Test
  void aReadOnlyDeviceIsStoredToAndLoadedFrom() {
    FakeMemory.Device nv = memory.plug("nv", AT.value(), 0x1000, true);
    assertEquals(new MemoryFault.StoredReadOnly(new Access(AT, 8, true), nv), store());
    assertEquals(Optional.empty(), finder.load(AT, 8, NOBODY));
  }

  @Test
  void memoryThatIsClosedInTheVeryAccessIsUnplugged() {
    FakeMemory.Device nv = memory.plug("nv", AT.value(), 0x1000, false);
    nv.goDuringAnAccess(() -> memory.unplug(nv));
    assertEquals(new MemoryFault.Unplugged(new Access(AT, 8, true), "nv"), store());
    FakeMemory.Device second = memory.plug("nv2", AT.value(), 0x1000, false);
    second.goDuringAnAccess(() -> memory.unplug(second));
    assertEquals(Optional.empty(), finder.truncated());
    assertFalse(finder.isUnplugging());
  }

  @Test
  void anAccessThatFailsForAnotherReasonIsNoUnplugging() {
    memory.plug("nv", AT.value(), 0x1000, false).goDuringAnAccess(() -> {});
    assertThrows(IllegalStateException.class, this::store);
    assertThrows(IllegalStateException.class, finder::truncated);
  }

  @Test
  void aFailedRegionIsNamed() {
    FakeMemory.Device nv = memory.plug("nv", AT.value(), 0x1000, false);
    memory.fail(nv);
    MemoryFault fault = assertInstanceOf(MemoryFault.RegionFailed.class, store());
    assertTrue(fault.sentence().contains("'nv'"), fault::sentence);
  }

  @Test
  void aLostPageFailsItsRegion() {
    FakeMemory.Device nv = memory.plug("nv", AT.value(), 0x2000, false);
    nv.truncate(0x1000);
    assertEquals(Optional.empty(), finder.store(AT, 8, 7)); // its own page is there
    GuestAddress across = AT.plus(0xffc); // and reaches into the next one
    assertEquals(
        Optional.of(new MemoryFault.PageLost(Optional.of(new Access(across, 8, true)), nv)),
        finder.store(across, 8, 7));
    assertInstanceOf(MemoryFault.RegionFailed.class, store());
  }

  @Test
  void aTruncatedFileIsFoundByItsEnd() {
    memory.plug("ram", 0, 0x2000, false);
    FakeMemory.Device nv = memory.plug("nv", AT.value(), 0x2000, false);
    assertEquals(Optional.empty(), finder.truncated());
    nv.truncate(0x1000);
    assertEquals(Optional.of(new MemoryFault.PageLost(Optional.empty(), nv)), finder.truncated());
  }

  @Test
  void aDeviceThatFoundNoSlotSaysSo() {
    memory.plug("a", 0x10000, 0x1000, false);
    memory.plug("b", 0x20000, 0x1000, false);
    memory.plug("nv", AT.value(), 0x1000, false);
    MemoryFault fault = assertInstanceOf(MemoryFault.NotTaken.class, store());
    assertTrue(fault.sentence().contains("no memory slot is left"), fault::sentence);
  }
}
