package holdfast.machine.core.internal.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamFlag;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.config.options.OnOffAuto;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How a backend's size, its alignment and the label size divide it. */
class DeviceGeometryTest {
  private static final long MIB = 1 << 20;

  @ParameterizedTest
  @CsvSource({
    // size, align, label and what the guest sees, all in KiB; the first line is the MAP_SYNC
    // series'
    // own test case: 256 MiB, align=128M, label-size=2M
    "262144, 131072, 2048, 131072",
    "262144,      4, 2048, 260096",
    "262144,      4,    0, 262144",
    "262144, 262144,    0, 262144",
    "133120, 131072, 2048, 131072",
    // rounded down in silence
    "196608, 131072,    0, 131072",
    "    21,      4,    0,     20",
    // the least label
    "   132,      4,  128,      4",
  })
  void anNvdimmIsRoundedDown(long size, long align, long label, long guest) throws Exception {
    DeviceGeometry geometry = DeviceGeometry.of(nvdimm(size << 10, align << 10, label << 10));
    assertEquals(new ByteSize(guest << 10), geometry.guest());
    assertEquals(new ByteSize(label << 10), geometry.label());
  }

  /** No rule says that a label is aligned: QEMU takes 131073 bytes too. */
  @Test
  void aLabelNeedsNoAlignment() throws Exception {
    DeviceGeometry geometry = DeviceGeometry.of(nvdimm(2 * MIB, 4096, 131073));
    assertEquals(new ByteSize(2 * MIB - 131072 - 4096), geometry.guest());
  }

  @Test
  void theSeriesCaseNeedsMoreThan128MiB() {
    PlugException e =
        assertThrows(
            PlugException.class, () -> DeviceGeometry.of(nvdimm(128 * MIB, 128 * MIB, 2 * MIB)));
    assertEquals(Refusal.BACKEND_TOO_SMALL, e.refusal());
    assertEquals(
        "nvdimm 'nv1' on memory backend 'm1': the backend has size=128M, of which the label takes"
            + " 2M: less than one unit of its alignment 128M is left for the guest; give the backend"
            + " a greater size, a smaller align or a smaller label-size",
        e.getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    // size, align, label in bytes
    "131072, 4096, 131072",
    "131072, 4096, 262144",
    "131072, 4096, 9223372036854775807",
    "  2048, 4096, 0",
    "135167, 4096, 131072",
  })
  void refusesABackendWithoutRoom(long size, long align, long label) {
    PlugException e =
        assertThrows(PlugException.class, () -> DeviceGeometry.of(nvdimm(size, align, label)));
    assertEquals(Refusal.BACKEND_TOO_SMALL, e.refusal());
  }

  @Test
  void aPcDimmIsNeverCut() throws Exception {
    DeviceRequest good = pcDimm(256 * MIB, 128 * MIB);
    DeviceGeometry.of(good).checkWhole(good);
    assertEquals(ByteSize.mib(256), DeviceGeometry.of(good).guest());

    DeviceRequest bad = pcDimm(96 * MIB, 64 * MIB);
    PlugException e =
        assertThrows(PlugException.class, () -> DeviceGeometry.of(bad).checkWhole(bad));
    assertEquals(Refusal.SIZE_NOT_ALIGNED, e.refusal());
    assertEquals(
        "pc-dimm 'd1' on memory backend 'm1': the backend has size=96M, no multiple of its"
            + " alignment 64M; round the size to one, or give it a smaller align",
        e.getMessage());
  }

  @Test
  void aReadOnlyBackendNeedsUnarmed() throws Exception {
    FakeRegion region = FakeRegion.ofHeap("m1", 4096).with(RamFlag.RAM_READONLY);
    DeviceRequest request = DeviceRequest.of(DeviceKind.NVDIMM, "nv1", region);
    PlugException e = assertThrows(PlugException.class, () -> DeviceGeometry.of(request));
    assertEquals(Refusal.NOT_UNARMED, e.refusal());
    assertEquals(
        "nvdimm 'nv1' on memory backend 'm1': the backend is read-only, so no store of the guest"
            + " can persist; say so to the guest with unarmed=on, or open the backend for writing",
        e.getMessage());
    assertEquals(new ByteSize(4096), DeviceGeometry.of(request.withUnarmed(OnOffAuto.ON)).guest());
  }

  /** The label area is the end of the backend's size, and what lies before it is out of reach. */
  @Test
  void theLabelIsAtTheEnd() throws Exception {
    FakeRegion region = FakeRegion.withoutBytes("m1", ByteSize.mib(256), 128 * MIB);
    DeviceRequest request =
        DeviceRequest.of(DeviceKind.NVDIMM, "nv1", region).withLabelSize(ByteSize.mib(2));
    GuestDevice device =
        GuestDevice.plugged(
            request,
            region,
            DeviceGeometry.of(request),
            new GuestAddress(1L << 32),
            0,
            Optional.empty());
    long start = region.segment().address();
    assertEquals(start, device.segment().address());
    assertEquals(128 * MIB, device.segment().byteSize());
    assertEquals(start + 254 * MIB, device.label().orElseThrow().address());
    assertEquals(2 * MIB, device.label().orElseThrow().byteSize());
    assertEquals(ByteSize.mib(2), device.labelSize());
  }

  @Test
  void aReadOnlyBackendIsHandedOutReadOnly() throws Exception {
    FakeRegion region = FakeRegion.ofHeap("m1", 256 << 10).with(RamFlag.RAM_READONLY);
    DeviceRequest request =
        DeviceRequest.of(DeviceKind.NVDIMM, "nv1", region)
            .withLabelSize(ByteSize.kib(128))
            .withUnarmed(OnOffAuto.ON);
    GuestDevice device =
        GuestDevice.plugged(
            request, region, DeviceGeometry.of(request), GuestAddress.ZERO, 0, Optional.empty());
    assertTrue(device.readOnly());
    assertTrue(device.segment().isReadOnly());
    assertTrue(device.label().orElseThrow().isReadOnly());
  }

  private static DeviceRequest nvdimm(long size, long align, long label) {
    FakeRegion region = FakeRegion.withoutBytes("m1", new ByteSize(size), align);
    DeviceRequest request = DeviceRequest.of(DeviceKind.NVDIMM, "nv1", region);
    return label == 0 ? request : request.withLabelSize(new ByteSize(label));
  }

  private static DeviceRequest pcDimm(long size, long align) {
    return DeviceRequest.of(
        DeviceKind.PC_DIMM, "d1", FakeRegion.withoutBytes("m1", new ByteSize(size), align));
  }
}
