package holdfast.machine.acpi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.NvdimmPersistence;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What ACPICA's disassembler makes of the tables, and its compiler of that. */
@NeedsAcpica
@DisplayName("ACPICA's iasl reads the tables without a complaint, and makes the same bytes again")
class AcpicaReadsTest {
  private static final GuestAddress PAGE = new GuestAddress(0x1FF0_0000);
  private static final long TIB = 1L << 40;

  @TempDir private Path folder;

  private String roundTrip(String name, MemorySegment table)
      throws IOException, InterruptedException {
    Acpica acpica = new Acpica(folder);
    String source = acpica.disassemble(name, table);
    assertArrayEquals(
        Acpica.withoutCreator(table.toArray(ValueLayout.JAVA_BYTE)),
        Acpica.withoutCreator(acpica.compile(name)));
    return source;
  }

  /** The values of fields with one of these names, in order. */
  private static List<String> values(String source, String name) {
    return Acpica.fields(source).stream()
        .filter(field -> field.name().equals(name))
        .map(Acpica.Field::value)
        .toList();
  }

  /** The fields from a subtable on, counted from 1. */
  private static List<String> lines(String source, int subtable) {
    List<Acpica.Field> fields = Acpica.fields(source);
    int seen = 0;
    for (int i = 0; i < fields.size(); i++) {
      seen += fields.get(i).name().equals("Subtable Type") ? 1 : 0;
      if (seen == subtable) {
        return fields.subList(i, fields.size()).stream()
            .map(field -> field.name() + " : " + field.value())
            .toList();
      }
    }
    return List.of();
  }

  @Test
  @DisplayName("NFIT: each field of two NVDIMMs, one of 5 TiB on node 1 and unarmed")
  void nfitFields() throws IOException, InterruptedException {
    List<MemoryDevice> devices =
        List.of(
            TestDevice.nvdimm(0, 1L << 32, ByteSize.mib(128)),
            TestDevice.nvdimm(9, 2 * TIB, new ByteSize(5 * TIB)).onNode(1).whichIsUnarmed());
    NvdimmPlatform platform = NvdimmPlatform.of(10, PAGE).withPersistence(NvdimmPersistence.CPU);

    String source = roundTrip("nfit", NvdimmTables.of(platform, devices).nfit().orElseThrow());

    assertEquals(
        """
        Subtable Type : 0000 [System Physical Address Range]
        Length : 0038
        Range Index : 0014
        Flags (decoded below) : 0003
        Add/Online Operation Only : 1
        Proximity Domain Valid : 1
        Reserved : 00000000
        Proximity Domain : 00000001
        Region Type GUID : 66F0D379-B4F3-4074-AC43-0D3318B78CDB
        Address Range Base : 0000020000000000
        Address Range Length : 0000050000000000
        Memory Map Attribute : 0000000000008008
        Subtable Type : 0001 [Memory Range Map]
        Length : 0030
        Device Handle : 0000000A
        Physical Id : 0000
        Region Id : 0000
        Range Index : 0014
        Control Region Index : 0015
        Region Size : 0000050000000000
        Region Offset : 0000000000000000
        Address Region Base : 0000000000000000
        Interleave Index : 0000
        Interleave Ways : 0001
        Flags : 0008
        Save to device failed : 0
        Restore from device failed : 0
        Platform flush failed : 0
        Device not armed : 1
        Health events observed : 0
        Health events enabled : 0
        Mapping failed : 0
        Reserved : 0000
        Subtable Type : 0004 [NVDIMM Control Region]
        Length : 0050
        Region Index : 0015
        Vendor Id : 8086
        Device Id : 0001
        Revision Id : 0001
        Subsystem Vendor Id : 0000
        Subsystem Device Id : 0000
        Subsystem Revision Id : 0000
        Valid Fields : 00
        Manufacturing Location : 00
        Manufacturing Date : 0000
        Reserved : 0000
        Serial Number : 0012345F
        Code : 0301
        Window Count : 0000
        Window Size : 0000000000000000
        Command Offset : 0000000000000000
        Command Size : 0000000000000000
        Status Offset : 0000000000000000
        Status Size : 0000000000000000
        Flags : 0000
        Windows buffered : 0
        Reserved1 : 000000000000
        Subtable Type : 0007 [Platform Capabilities]
        Length : 0010
        Highest Capability : 01
        Reserved : 000000
        Capabilities (decoded below) : 00000003
        Cache Flush to NVDIMM : 1
        Memory Flush to NVDIMM : 1
        Memory Mirroring : 0
        Reserved : 00000000
        """
            .lines()
            .toList(),
        lines(source, 4));
    assertEquals(List.of("0", "1"), values(source, "Device not armed"));
    assertEquals(List.of("0002", "0002", "0014", "0014"), values(source, "Range Index"));
    assertEquals(List.of("00123456", "0012345F"), values(source, "Serial Number"));
  }

  @Test
  @DisplayName("NFIT: nvdimm-persistence=mem-ctrl is the memory controller's bit alone")
  void persistence() throws IOException, InterruptedException {
    List<MemoryDevice> devices = List.of(TestDevice.nvdimm(0, 1L << 32, ByteSize.mib(128)));
    NvdimmPlatform platform = NvdimmPlatform.of(1, PAGE);

    String controller =
        roundTrip(
            "nfit",
            NvdimmTables.of(platform.withPersistence(NvdimmPersistence.MEM_CTRL), devices)
                .nfit()
                .orElseThrow());
    String untold = roundTrip("nfit", NvdimmTables.of(platform, devices).nfit().orElseThrow());

    assertEquals(List.of("00000002"), values(controller, "Capabilities (decoded below)"));
    assertEquals(List.of("01"), values(controller, "Highest Capability"));
    assertEquals(List.of(), values(untold, "Highest Capability"));
  }

  @Test
  @DisplayName("SRAT: base RAM, a pc-dimm and an nvdimm, with their nodes and flags")
  void sratFields() throws IOException, InterruptedException {
    List<MemoryDevice> devices =
        List.of(
            TestDevice.nvdimm(1, 5 * TIB, new ByteSize(5 * TIB)).onNode(3),
            TestDevice.device(DeviceKind.RAM, -1, 0, ByteSize.gib(2)),
            TestDevice.device(DeviceKind.PC_DIMM, 0, 1L << 32, ByteSize.gib(1)).onNode(1));

    String source = roundTrip("srat", NvdimmTables.of(NvdimmPlatform.of(2, PAGE), devices).srat());

    assertEquals(
        List.of("01 [Memory Affinity]", "01 [Memory Affinity]", "01 [Memory Affinity]"),
        values(source, "Subtable Type"));
    assertEquals(List.of("00000000", "00000001", "00000003"), values(source, "Proximity Domain"));
    assertEquals(
        List.of("0000000000000000", "0000000100000000", "0000050000000000"),
        values(source, "Base Address"));
    assertEquals(
        List.of("0000000080000000", "0000000040000000", "0000050000000000"),
        values(source, "Address Length"));
    assertEquals(List.of("1", "1", "1"), values(source, "Enabled"));
    assertEquals(List.of("0", "1", "0"), values(source, "Hot Pluggable"));
    assertEquals(List.of("0", "0", "1"), values(source, "Non-Volatile"));
  }

  @ParameterizedTest(name = "{0} slots")
  @ValueSource(ints = {1, 2, 256})
  @DisplayName("SSDT of 1, 2 and 256 slots")
  void ssdt(int slots) throws IOException, InterruptedException {
    NvdimmPlatform platform = NvdimmPlatform.of(slots, PAGE).withEvents(4, 5);

    String source = roundTrip("ssdt", NvdimmTables.of(platform, List.of()).ssdt().orElseThrow());

    assertEquals(1 + slots, source.lines().filter(line -> line.contains("Device (NV")).count());
    assertTrue(source.contains("Name (_HID, \"ACPI0012\""), source);
  }

  @ParameterizedTest(name = "{0} NVDIMMs")
  @ValueSource(ints = {1, 2, 256})
  @DisplayName("NFIT and SRAT of 1, 2 and 256 NVDIMMs, above 4 TiB in all")
  void manyNvdimms(int count) throws IOException, InterruptedException {
    List<MemoryDevice> devices = new ArrayList<>();
    devices.add(TestDevice.device(DeviceKind.RAM, -1, 0, ByteSize.gib(2)));
    IntStream.range(0, count)
        .mapToObj(
            slot ->
                TestDevice.nvdimm(slot, TIB + slot * (TIB / 16), new ByteSize(TIB / 16))
                    .onNode(slot % 4))
        .forEach(devices::add);
    NvdimmTables tables = NvdimmTables.of(NvdimmPlatform.of(256, PAGE), devices);

    String nfit = roundTrip("nfit", tables.nfit().orElseThrow());
    String srat = roundTrip("srat", tables.srat());

    assertEquals(
        IntStream.range(0, count)
            .mapToObj(slot -> "%016X".formatted(TIB + slot * (TIB / 16)))
            .toList(),
        values(nfit, "Address Range Base"));
    assertEquals(
        IntStream.range(0, count).mapToObj(slot -> "%08X".formatted(slot % 4)).toList(),
        values(nfit, "Proximity Domain"));
    List<String> bases = values(srat, "Base Address");
    assertEquals(1 + count, bases.size());
    assertEquals("%016X".formatted(TIB), bases.get(1));
  }
}
