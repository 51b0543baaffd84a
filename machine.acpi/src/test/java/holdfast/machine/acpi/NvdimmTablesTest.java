package holdfast.machine.acpi;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.NvdimmPersistence;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("the tables")
class NvdimmTablesTest {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final GuestAddress PAGE = new GuestAddress(0x1FF0_0000);
  private static final MemoryDevice ONE = TestDevice.nvdimm(0, 1L << 32, ByteSize.mib(128));

  private static byte sum(MemorySegment table) {
    byte sum = 0;
    for (byte each : table.toArray(ValueLayout.JAVA_BYTE)) {
      sum += each;
    }
    return sum;
  }

  private static String signature(MemorySegment table) {
    return new String(table.asSlice(0, 4).toArray(ValueLayout.JAVA_BYTE), US_ASCII);
  }

  @Test
  @DisplayName("each has its signature, its length and a checksum that makes the sum 0")
  void headers() {
    NvdimmTables tables = NvdimmTables.of(NvdimmPlatform.of(4, PAGE), List.of(ONE));

    List<MemorySegment> all =
        List.of(tables.nfit().orElseThrow(), tables.ssdt().orElseThrow(), tables.srat());

    assertEquals(
        List.of("NFIT", "SSDT", "SRAT"), all.stream().map(NvdimmTablesTest::signature).toList());
    for (MemorySegment table : all) {
      assertEquals(table.byteSize(), table.get(INT, 4));
      assertEquals(0, sum(table));
      assertTrue(table.isReadOnly());
    }
  }

  @Test
  @DisplayName("there is no NFIT without NVDIMMs, and no SSDT without slots")
  void nothingToTell() {
    MemoryDevice dimm = TestDevice.device(DeviceKind.PC_DIMM, 0, 1L << 32, ByteSize.mib(128));

    NvdimmTables tables = NvdimmTables.of(NvdimmPlatform.of(0, PAGE), List.of(dimm));

    assertTrue(tables.nfit().isEmpty());
    assertTrue(tables.ssdt().isEmpty());
    assertEquals(0, tables.fit().byteSize());
    assertEquals(40, tables.sratEntries().byteSize());
  }

  @Test
  @DisplayName("the shared page's address can be put into the SSDT by a firmware")
  void pageAddress() {
    NvdimmTables tables = NvdimmTables.of(NvdimmPlatform.of(4, PAGE), List.of());
    MemorySegment ssdt = tables.ssdt().orElseThrow();

    assertEquals((int) PAGE.value(), ssdt.get(INT, tables.pageAddressOffset()));

    NvdimmTables unknown = NvdimmTables.of(NvdimmPlatform.of(4, GuestAddress.ZERO), List.of());
    MemorySegment patched =
        MemorySegment.ofArray(unknown.ssdt().orElseThrow().toArray(ValueLayout.JAVA_BYTE));
    patched.set(INT, unknown.pageAddressOffset(), (int) PAGE.value());
    patched.set(
        ValueLayout.JAVA_BYTE, 9, (byte) (patched.get(ValueLayout.JAVA_BYTE, 9) - sum(patched)));
    assertEquals(-1, patched.mismatch(ssdt));
  }

  @Test
  @DisplayName("the FIT is what the NFIT has behind its header, in the order of slots")
  void fit() {
    MemoryDevice other = TestDevice.nvdimm(3, 1L << 31, ByteSize.mib(64));
    NvdimmPlatform platform =
        NvdimmPlatform.of(4, PAGE).withPersistence(NvdimmPersistence.MEM_CTRL);

    NvdimmTables tables = NvdimmTables.of(platform, List.of(ONE, other));

    MemorySegment fit = tables.fit();
    assertEquals(-1, fit.mismatch(tables.nfit().orElseThrow().asSlice(40)));
    assertEquals(2 * (56 + 48 + 80) + 16, fit.byteSize());
    assertEquals(1, fit.get(INT, 56 + 4));
    assertEquals(4, fit.get(INT, 184 + 56 + 4));
    assertEquals(-1, fit.mismatch(tables.with(List.of(other, ONE)).fit()));
  }

  @Test
  @DisplayName("an NVDIMM in a slot that the platform doesn't have is refused by name")
  void wrongSlot() {
    MemoryDevice tooHigh = TestDevice.nvdimm(4, 1L << 32, ByteSize.mib(128));

    IllegalArgumentException refusal =
        assertThrows(
            IllegalArgumentException.class,
            () -> NvdimmTables.of(NvdimmPlatform.of(4, PAGE), List.of(tooHigh)));

    assertEquals("device 'nvdimm4' is in slot 4 of 4 slots", refusal.getMessage());
  }

  @Test
  @DisplayName("a platform refuses what no table could say")
  void wrongPlatforms() {
    NvdimmPlatform good = NvdimmPlatform.of(256, PAGE);
    assertThrows(IllegalArgumentException.class, () -> NvdimmPlatform.of(257, PAGE));
    assertThrows(IllegalArgumentException.class, () -> NvdimmPlatform.of(-1, PAGE));
    assertThrows(IllegalArgumentException.class, () -> NvdimmPlatform.of(1, PAGE.plus(8)));
    assertThrows(
        IllegalArgumentException.class, () -> NvdimmPlatform.of(1, new GuestAddress(1L << 32)));
    assertThrows(IllegalArgumentException.class, () -> NvdimmPlatform.of(1, GuestAddress.MAX));
    assertThrows(IllegalArgumentException.class, () -> good.withPort(0xFFFD));
    assertThrows(IllegalArgumentException.class, () -> good.withEvents(4, 4));
    assertThrows(IllegalArgumentException.class, () -> good.withEvents(4, 256));
  }
}
