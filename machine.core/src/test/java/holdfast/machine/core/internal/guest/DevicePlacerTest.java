package holdfast.machine.core.internal.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.config.MachineType;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.config.MemoryLayoutException;
import holdfast.machine.config.options.OnOffAuto;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Which devices are plugged, where, and with which sentence the others are refused. The machine is
 * a pc with nvdimm=on and -m 128M,slots=4,maxmem=8G; no bytes are accessed.
 */
class DevicePlacerTest {
  private static final long MIB = 1 << 20;
  private static final long BASE = 0x1_0000_0000L;

  private final List<GuestDevice> plugged = new ArrayList<>();
  private MemoryLayout machine;

  @BeforeEach
  void machine() throws MemoryLayoutException {
    machine =
        MemoryLayout.of(MachineType.PC, ByteSize.mib(128), 4L, ByteSize.gib(8)).withNvdimm(true);
    FakeRegion ram = region("ram", 128, 2 * MIB);
    plugged.add(GuestDevice.ram("ram:below-4g", ram, 0, ram.size(), GuestAddress.ZERO));
  }

  @Test
  void theCaseOfTheMapSyncSeries() throws Exception {
    GuestDevice device =
        plug(nvdimm("nv4", region("nv_be4", 256, 128 * MIB)).withLabelSize(ByteSize.mib(2)));
    assertEquals("0x100000000", device.address().toString());
    assertEquals(ByteSize.mib(128), device.size());
    assertEquals(0, device.slot());
    assertEquals("nvdimm 'nv4' at [0x100000000, 0x107ffffff]", device.toString());
  }

  @Test
  void slotsAndAddressesAreTheFirstFreeOnes() throws Exception {
    plug(dimm("a", region("ma", 64, 4096)));
    plug(dimm("b", region("mb", 64, 4096)).withSlot(2));
    plug(dimm("c", region("mc", 64, 4096)));
    GuestDevice last = plug(dimm("d", region("md", 64, 4096)));
    assertEquals(3, last.slot());
    assertEquals(BASE + 192 * MIB, last.address().value());
    plugged.removeIf(device -> device.id().equals("b"));
    GuestDevice again = plug(dimm("e", region("me", 64, 4096)));
    assertEquals(2, again.slot());
    assertEquals(BASE + 64 * MIB, again.address().value());
  }

  @Test
  void aGapThatIsTooSmallIsPassedOver() throws Exception {
    plug(dimm("a", region("ma", 64, 4096)).withAddr(new GuestAddress(BASE + 64 * MIB)));
    assertEquals(BASE + 128 * MIB, plug(dimm("b", region("mb", 65, 4096))).address().value());
    assertEquals(BASE, plug(dimm("c", region("mc", 64, 4096))).address().value());
  }

  @Test
  void theAddressIsAMultipleOfTheAlignment() throws Exception {
    plug(dimm("a", region("ma", 1, 4096)));
    assertEquals(BASE + 128 * MIB, plug(dimm("b", region("mb", 128, 128 * MIB))).address().value());
    assertEquals(BASE + MIB, plug(dimm("c", region("mc", 127, 4096))).address().value());
  }

  /** An alignment above 1 GiB is taken, at the cost of space, as in QEMU today. */
  @Test
  void theRangeNeedNotBeginAtAMultipleOfTheAlignment() throws Exception {
    machine = MemoryLayout.of(MachineType.PC, ByteSize.mib(128), 1L, ByteSize.gib(32));
    GuestDevice device = plug(dimm("a", region("ma", 8192, 8192 * MIB)));
    assertEquals(0x2_0000_0000L, device.address().value());
  }

  @Test
  void theLastGapCanBeFilledToTheBrim() throws Exception {
    GuestDevice device =
        plug(
            nvdimm("a", region("ma", 8192 - 128, 4096))
                .withAddr(new GuestAddress(BASE + (4096 * MIB))));
    assertEquals("[0x200000000, 0x3f7ffffff]", device.range().toString());
  }

  @Test
  void aDeviceWithoutIdIsNamedByItsSlot() throws Exception {
    GuestDevice device = plug(dimm(null, region("ma", 64, 4096)).withSlot(3));
    assertEquals("pc-dimm[3]", device.id());
  }

  @Test
  void withoutNumaThereIsNodeZeroOnly() {
    assertRefused(
        Refusal.NO_SUCH_NODE,
        "pc-dimm 'a' on memory backend 'ma': node=4294967295 asked for, but the guest has node"
            + " 0 alone; leave node out, or give the machine more with -numa node",
        dimm("a", region("ma", 64, 4096)).withNode(0xffff_ffffL));
  }

  @Test
  void ofTwoNodesEachCanHaveDevices() throws Exception {
    machine = machine.withNodes(2);
    assertEquals(1, plug(dimm("b", region("mb", 64, 4096)).withNode(1)).node());
    assertRefused(
        Refusal.NO_SUCH_NODE,
        "pc-dimm 'a' on memory backend 'ma': node=2 asked for, but the guest has the nodes 0 to 1;"
            + " ask for one of these",
        dimm("a", region("ma", 64, 4096)).withNode(2));
  }

  @Test
  void refusesAnIdThatIsTaken() throws Exception {
    plug(dimm("a", region("ma", 64, 4096)));
    assertRefused(
        Refusal.DUPLICATE_ID,
        "pc-dimm 'a' on memory backend 'mb': the id is that of pc-dimm 'a' at [0x100000000,"
            + " 0x103ffffff]; give another one",
        dimm("a", region("mb", 64, 4096)));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 0x10000, 0x1ffff})
  void refusesALabelBelow128KiB(long size) {
    assertRefused(
        Refusal.LABEL_TOO_SMALL,
        "nvdimm 'nv1' on memory backend 'm1': label-size="
            + new ByteSize(size)
            + " asked for, but a label area has at least 128K; ask for that, or leave label-size"
            + " out for a device without label",
        nvdimm("nv1", region("m1", 64, 4096)).withLabelSize(new ByteSize(size)));
  }

  @Test
  void takesTheLeastLabel() throws Exception {
    DeviceRequest request =
        nvdimm("nv1", region("m1", 64, 4096)).withLabelSize(new ByteSize(0x20000));
    assertEquals(new ByteSize(64 * MIB - 0x20000), plug(request).size());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1-1-1-1-1",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8 ",
        "6ba7b8109dad11d180b400c04fd430c8",
        "6ba7b810-9dad-11d1-80b4-00c04fd430cg",
      })
  void refusesABadUuid(String uuid) {
    PlugException e =
        assertThrows(
            PlugException.class, () -> plug(nvdimm("nv1", region("m1", 64, 4096)).withUuid(uuid)));
    assertEquals(Refusal.BAD_UUID, e.refusal());
  }

  @Test
  void takesAUuidInEitherCase() throws Exception {
    plug(nvdimm("nv1", region("m1", 64, 4096)).withUuid("6BA7b810-9dad-11d1-80b4-00c04fd430c8"));
  }

  @Test
  void aPcDimmHasNoLabel() {
    assertRefused(
        Refusal.NO_SUCH_PROPERTY,
        "pc-dimm 'd1' on memory backend 'm1': pc-dimm has no property label-size; leave it out, or"
            + " plug an nvdimm",
        dimm("d1", region("m1", 64, 4096)).withLabelSize(ByteSize.mib(2)));
  }

  @Test
  void refusesAnNvdimmUnlessTheMachineTakesIt() throws Exception {
    machine = machine.withNvdimm(false);
    plug(dimm("d1", region("m0", 64, 4096)));
    assertRefused(
        Refusal.NVDIMM_OFF,
        "nvdimm 'nv1' on memory backend 'm1': the machine takes no nvdimm; give it nvdimm=on",
        nvdimm("nv1", region("m1", 64, 4096)));
  }

  @Test
  void refusesADeviceWithoutBackend() {
    assertRefused(
        Refusal.NO_MEMDEV,
        "nvdimm 'nv1': memdev is missing; name the memory backend that holds its bytes with"
            + " memdev=",
        nvdimm("nv1", null));
    assertRefused(
        Refusal.NO_MEMDEV,
        "pc-dimm without id: memdev is missing; name the memory backend that holds its bytes with"
            + " memdev=",
        dimm(null, null));
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 9, -2, Integer.MAX_VALUE, Integer.MIN_VALUE})
  void refusesASlotThatDoesNotExist(int slot) {
    assertRefused(
        Refusal.NO_SUCH_SLOT,
        "pc-dimm 'd1' on memory backend 'm1': slot="
            + slot
            + " asked for, but the machine has the slots 0 to 3; ask for one of these, or leave"
            + " slot out",
        dimm("d1", region("m1", 64, 4096)).withSlot(slot));
  }

  @ParameterizedTest
  @CsvSource({"-1, NO_SLOTS", "0, NO_SUCH_SLOT"})
  void refusesAMachineWithoutSlots(int slot, Refusal refusal) throws Exception {
    machine =
        MemoryLayout.of(MachineType.PC, ByteSize.mib(128), null, ByteSize.gib(8)).withNvdimm(true);
    assertRefused(
        refusal,
        "pc-dimm 'd1' on memory backend 'm1': the machine has no slots for memory devices; give it"
            + " slots= and maxmem=",
        dimm("d1", region("m1", 64, 4096)).withSlot(slot));
  }

  @Test
  void refusesASlotThatIsTaken() throws Exception {
    plug(dimm("a", region("ma", 64, 4096)).withSlot(1));
    assertRefused(
        Refusal.SLOT_TAKEN,
        "pc-dimm 'b' on memory backend 'mb': slot=1 asked for, but it holds pc-dimm 'a' at"
            + " [0x100000000, 0x103ffffff]; ask for another one, or leave slot out",
        dimm("b", region("mb", 64, 4096)).withSlot(1));
  }

  @Test
  void refusesTheDeviceAfterTheLastSlot() throws Exception {
    for (int i = 0; i < 4; i++) {
      plug(dimm("d" + i, region("m" + i, 64, 4096)));
    }
    assertRefused(
        Refusal.SLOTS_FULL,
        "pc-dimm 'd4' on memory backend 'm4': all 4 slots of the machine are taken; unplug a"
            + " device, or start the machine with more of them",
        dimm("d4", region("m4", 64, 4096)));
  }

  /**
   * In QEMU this is met only by devices without slots: -m refuses slots without room. Ours is made
   * by hand here.
   */
  @Test
  void refusesAMachineWithoutDeviceMemory() throws Exception {
    ByteSize all = ByteSize.mib(128);
    machine =
        new MemoryLayout(
            MemoryLayout.of(MachineType.PC, all, null, null).addresses(),
            all,
            1,
            all,
            true,
            1,
            Optional.empty());
    assertRefused(
        Refusal.NO_DEVICE_MEMORY,
        "pc-dimm 'd1' on memory backend 'm1': the machine's 128M of RAM are all the memory it can"
            + " have; give it a maxmem= above that, as much as RAM and all devices may have"
            + " together",
        dimm("d1", region("m1", 64, 4096)));
  }

  @Test
  void refusesMoreThanMaxmem() throws Exception {
    plug(dimm("a", region("ma", 8000, 4096)));
    plug(dimm("b", region("mb", 64, 4096)));
    assertRefused(
        Refusal.NOT_ENOUGH_SPACE,
        "pc-dimm 'c' on memory backend 'mc': the device needs 1M, but of the 8064M that maxmem"
            + " leaves for devices, 8064M are in use; give the machine a greater maxmem=",
        dimm("c", region("mc", 1, 4096)));
  }

  /** A label and what is rounded away cost no space: only the guest part counts. */
  @Test
  void countsTheGuestPartOnly() throws Exception {
    plug(nvdimm("a", region("ma", 8064 + 127, 128 * MIB)).withLabelSize(ByteSize.mib(2)));
    assertEquals(ByteSize.mib(8064), plugged.getLast().size());
  }

  @Test
  void refusesAPcDimmOfAnOddSize() {
    assertRefused(
        Refusal.SIZE_NOT_ALIGNED,
        "pc-dimm 'd1' on memory backend 'm1': the backend has size=96M, no multiple of its"
            + " alignment 64M; round the size to one, or give it a smaller align",
        dimm("d1", region("m1", 96, 64 * MIB)));
  }

  @Test
  void refusesAnAddressThatIsNotAligned() {
    assertRefused(
        Refusal.ADDRESS_NOT_ALIGNED,
        "pc-dimm 'd1' on memory backend 'm1': addr=0x100000001 asked for, but the backend's"
            + " alignment is 4K; ask for a multiple of that, or leave addr out",
        dimm("d1", region("m1", 64, 4096)).withAddr(new GuestAddress(BASE + 1)));
  }

  @ParameterizedTest
  @ValueSource(
      longs = {
        0x1000, // in RAM
        BASE - 4096, // begins too low
        0x3_f800_0000L - (64 << 20) + 4096, // ends too high
        0x3_f800_0000L, // behind the range
        -4096, // in the last page, so that a sum would wrap
      })
  void refusesAnAddressOutside(long address) {
    assertRefused(
        Refusal.ADDRESS_OUTSIDE,
        "pc-dimm 'd1' on memory backend 'm1': addr="
            + new GuestAddress(address)
            + " asked for 64M, but memory devices stand in [0x100000000, 0x3f7ffffff]; ask for an"
            + " address there, or leave addr out",
        dimm("d1", region("m1", 64, 4096)).withAddr(new GuestAddress(address)));
  }

  @ParameterizedTest
  @ValueSource(longs = {BASE, BASE + 64 * MIB - 4096, BASE + 4096})
  void refusesAnAddressThatIsTaken(long address) throws Exception {
    plug(dimm("n", region("m0", 64, 4096)));
    assertRefused(
        Refusal.ADDRESS_TAKEN,
        "pc-dimm 'd1' on memory backend 'm1': addr="
            + new GuestAddress(address)
            + " asked for, but pc-dimm 'n' at [0x100000000, 0x103ffffff] is in the way; ask for"
            + " another address, or leave addr out",
        dimm("d1", region("m1", 64, 4096)).withAddr(new GuestAddress(address)));
  }

  @Test
  void addressesNextToADeviceAreFree() throws Exception {
    plug(dimm("n", region("m0", 64, 4096)).withAddr(new GuestAddress(BASE + 64 * MIB)));
    plug(dimm("below", region("m1", 64, 4096)).withAddr(new GuestAddress(BASE)));
    plug(dimm("above", region("m2", 64, 4096)).withAddr(new GuestAddress(BASE + 128 * MIB)));
    assertEquals(4, plugged.size());
  }

  /** Space is left, but none of it in one piece that a 4 GiB boundary begins. */
  @Test
  void refusesWhenNoGapIsGreatEnough() throws Exception {
    plug(dimm("a", region("ma", 1, 4096)).withAddr(new GuestAddress(BASE)));
    plug(dimm("b", region("mb", 1, 4096)).withAddr(new GuestAddress(2 * BASE)));
    plug(dimm("c", region("mc", 1, 4096)).withAddr(new GuestAddress(3 * BASE)));
    assertRefused(
        Refusal.NO_GAP,
        "pc-dimm 'd' on memory backend 'md': no gap of 4G at a multiple of 4G is left between the"
            + " devices in [0x100000000, 0x3f7ffffff]; plug the devices with the greatest alignment"
            + " first, or give them addresses with addr=",
        dimm("d", region("md", 4096, BASE)));
  }

  @Test
  void refusesABackendThatIsBusy() throws Exception {
    FakeRegion shared = region("m", 64, 4096);
    plug(dimm("a", shared));
    assertRefused(
        Refusal.BACKEND_BUSY,
        "pc-dimm 'b' on memory backend 'm': pc-dimm 'a' at"
            + " [0x100000000, 0x103ffffff] is on this backend already, and no two devices can share"
            + " one; give each"
            + " its own memory backend",
        dimm("b", shared));
  }

  @Test
  void refusesTheBackendOfTheBaseRam() {
    PlugException e =
        assertThrows(PlugException.class, () -> plug(dimm("a", region("ram", 128, 4096))));
    assertEquals(Refusal.BACKEND_BUSY, e.refusal());
  }

  @Test
  void takesAReadOnlyBackendWhenUnarmed() throws Exception {
    FakeRegion rom = region("m1", 64, 4096).with(RamFlag.RAM_READONLY);
    GuestDevice device = plug(nvdimm("nv1", rom).withUnarmed(OnOffAuto.ON));
    assertEquals(true, device.readOnly());
    assertEquals(true, device.unarmed());
  }

  /** Of several faults the first of {@link Refusal} is told. Each line cures one more of them. */
  @Test
  void checksInOneOrder() throws Exception {
    FakeRegion busy = region("busy", 96, 64 * MIB).with(RamFlag.RAM_READONLY);
    plug(nvdimm("a", region("ma", 64, 4096)).withSlot(0));
    plugged.add(
        GuestDevice.plugged(
            nvdimm("b", busy).withUnarmed(OnOffAuto.ON),
            busy,
            DeviceGeometry.of(nvdimm("b", busy).withUnarmed(OnOffAuto.ON)),
            new GuestAddress(BASE + 64 * MIB),
            1,
            Optional.empty()));
    DeviceRequest bad =
        nvdimm("a", busy)
            .withLabelSize(ByteSize.kib(1))
            .withUuid("none")
            .withSlot(0)
            .withAddr(new GuestAddress(1))
            .withNode(7);
    machine = machine.withNvdimm(false);

    assertRefused(Refusal.DUPLICATE_ID, bad);
    bad = renamed(bad, "c");
    assertRefused(Refusal.LABEL_TOO_SMALL, bad);
    bad = bad.withLabelSize(ByteSize.mib(64));
    assertRefused(Refusal.BAD_UUID, bad);
    bad = bad.withUuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    assertRefused(Refusal.NVDIMM_OFF, bad);
    machine = machine.withNvdimm(true);
    assertRefused(Refusal.SLOT_TAKEN, bad);
    bad = bad.withSlot(2);
    assertRefused(Refusal.BACKEND_TOO_SMALL, bad);
    bad = bad.withLabelSize(ByteSize.mib(32));
    assertRefused(Refusal.NOT_UNARMED, bad);
    bad = bad.withUnarmed(OnOffAuto.ON);
    assertRefused(Refusal.ADDRESS_NOT_ALIGNED, bad);
    bad = bad.withAddr(new GuestAddress(64 * MIB));
    assertRefused(Refusal.ADDRESS_OUTSIDE, bad);
    bad = bad.withAddr(new GuestAddress(BASE));
    assertRefused(Refusal.ADDRESS_TAKEN, bad);
    bad = bad.withAddr(GuestAddress.ZERO);
    assertRefused(Refusal.NO_SUCH_NODE, bad);
    bad = bad.withNode(0);
    assertRefused(Refusal.BACKEND_BUSY, bad);
  }

  private static DeviceRequest renamed(DeviceRequest request, String id) {
    return DeviceRequest.of(request.driver(), id, request.memdev())
        .withLabelSize(request.labelSize())
        .withUuid(request.uuid())
        .withSlot(request.slot())
        .withAddr(request.addr())
        .withNode(request.node());
  }

  private GuestDevice plug(DeviceRequest request) throws PlugException {
    plugged.sort(Comparator.comparing(GuestDevice::address));
    GuestDevice device = new DevicePlacer(machine).place(request, plugged);
    plugged.add(device);
    return device;
  }

  private void assertRefused(Refusal refusal, String message, DeviceRequest request) {
    PlugException e = assertThrows(PlugException.class, () -> plug(request));
    assertEquals(message, e.getMessage());
    assertEquals(refusal, e.refusal());
  }

  private void assertRefused(Refusal refusal, DeviceRequest request) {
    assertEquals(refusal, assertThrows(PlugException.class, () -> plug(request)).refusal());
  }

  private static DeviceRequest nvdimm(String id, FakeRegion region) {
    return DeviceRequest.of(DeviceKind.NVDIMM, id, region);
  }

  private static DeviceRequest dimm(String id, FakeRegion region) {
    return DeviceRequest.of(DeviceKind.PC_DIMM, id, region);
  }

  private static FakeRegion region(String id, long mib, long align) {
    return FakeRegion.withoutBytes(id, ByteSize.mib(mib), align);
  }
}
