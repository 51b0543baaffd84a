package holdfast.machine.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestRange;
import holdfast.machine.config.MemoryLayoutException.Problem;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which values of -m are taken, and where they put the range for memory devices. */
class MemoryLayoutTest {

  @Test
  void withoutValuesThereIsTheDefaultRamAndNoRoomForDevices() throws Exception {
    MemoryLayout machine = MemoryLayout.of(MachineType.PC, null, null, null);
    assertEquals(ByteSize.mib(128), machine.ram());
    assertEquals(ByteSize.mib(128), machine.maxmem());
    assertEquals(0, machine.slots());
    assertEquals(ByteSize.ZERO, machine.deviceSpace());
    assertEquals(Optional.empty(), machine.deviceMemory());
  }

  @Test
  void ramIsRoundedUpTo8192() throws Exception {
    assertEquals(new ByteSize(8192), ram(new ByteSize(1)));
    assertEquals(new ByteSize(8192), ram(new ByteSize(8192)));
    assertEquals(new ByteSize(16384), ram(new ByteSize(8193)));
    assertEquals(MemoryLayout.DEFAULT_RAM, ram(ByteSize.ZERO));
  }

  private static ByteSize ram(ByteSize size) throws MemoryLayoutException {
    return MemoryLayout.of(MachineType.PC, size, null, null).ram();
  }

  /** The first line is the range that QEMU 7.2 names for -m 128M,slots=4,maxmem=8G. */
  @ParameterizedTest
  @CsvSource({
    "PC,   128,   4,  8192, '[0x100000000, 0x3f7ffffff]'",
    "PC,   128,   0,  8192, '[0x100000000, 0x2f7ffffff]'",
    "PC,  4096,   1,  5120, '[0x140000000, 0x1bfffffff]'",
    "PC,  3585,   1,  4096, '[0x140000000, 0x19fefffff]'",
    "Q35, 4096,   1,  5120, '[0x180000000, 0x1ffffffff]'",
    "PC,   128, 256,   129, '[0x100000000, 0x41000fffff]'",
  })
  void devicesHaveTheRangeBehindRam(
      MachineType type, long ram, long slots, long maxmem, String expected) throws Exception {
    MemoryLayout machine = MemoryLayout.of(type, ByteSize.mib(ram), slots, ByteSize.mib(maxmem));
    assertEquals(expected, machine.deviceMemory().map(GuestRange::toString).orElseThrow());
    assertEquals(ByteSize.mib(maxmem - ram), machine.deviceSpace());
  }

  @Test
  void noSlotsAndAllMemoryRamIsGood() throws Exception {
    MemoryLayout machine =
        MemoryLayout.of(MachineType.PC, ByteSize.mib(128), 0L, ByteSize.mib(128));
    assertEquals(Optional.empty(), machine.deviceMemory());
  }

  @Test
  void refusesMaxmemBelowRam() {
    assertRefused(
        Problem.MAXMEM_BELOW_RAM,
        "the machine\'s maxmem=64M is below its size 128M: it counts RAM and all devices together, so give at"
            + " least the size",
        ByteSize.mib(128),
        null,
        ByteSize.mib(64));
  }

  @Test
  void comparesMaxmemWithTheRoundedSize() {
    assertRefused(
        Problem.MAXMEM_BELOW_RAM,
        "the machine\'s maxmem=4K is below its size 8K: it counts RAM and all devices together, so give at"
            + " least the size",
        new ByteSize(4096),
        null,
        new ByteSize(4096));
  }

  @Test
  void refusesSlotsThatStayEmpty() {
    assertRefused(
        Problem.SLOTS_WITHOUT_ROOM,
        "the machine\'s slots=1 would stay empty, since maxmem=128M is all RAM: give a greater maxmem= or no"
            + " slots=",
        ByteSize.mib(128),
        1L,
        ByteSize.mib(128));
  }

  @Test
  void refusesSlotsWithoutMaxmem() {
    assertRefused(
        Problem.SLOTS_WITHOUT_MAXMEM,
        "the machine\'s slots=0 needs maxmem=: add maxmem= above the size 128M, as much as RAM and all devices"
            + " may have together",
        null,
        0L,
        null);
  }

  @Test
  void refusesMoreThan256Slots() throws Exception {
    ByteSize ram = ByteSize.mib(128);
    assertEquals(256, MemoryLayout.of(MachineType.PC, ram, 256L, ByteSize.gib(1)).slots());
    assertRefused(
        Problem.TOO_MANY_SLOTS,
        "the machine\'s slots=257 is too many: a machine has at most 256",
        ram,
        257L,
        ByteSize.gib(1));
    assertRefused(
        Problem.TOO_MANY_SLOTS,
        "the machine\'s slots=18446744073709551615 is too many: a machine has at most 256",
        ram,
        -1L,
        ByteSize.gib(1));
  }

  @Test
  void refusesMaxmemThatIsNoNumberOfPages() {
    assertRefused(
        Problem.MAXMEM_NOT_PAGES,
        "the machine\'s maxmem=134217729 is no multiple of 4096, the guest's page size: round it to one",
        ByteSize.mib(128),
        1L,
        new ByteSize((128 << 20) + 1));
  }

  @Test
  void refusesWhatNoCpuCanAddress() throws Exception {
    assertRefused(
        Problem.RAM_TOO_LARGE,
        "the machine\'s size=4P is more than 52 address bits, the most that an x86 CPU has, can reach: give the"
            + " machine less RAM",
        ByteSize.gib(4 << 20),
        null,
        null);
    assertRefused(
        Problem.MAXMEM_TOO_LARGE,
        "the machine\'s maxmem=4P is more than 52 address bits, the most that an x86 CPU has,"
            + " can reach: give a smaller one",
        ByteSize.mib(128),
        256L,
        ByteSize.gib(4 << 20));
    ByteSize most = ByteSize.gib((4 << 20) - 4 - 257);
    GuestRange range =
        MemoryLayout.of(MachineType.Q35, ByteSize.gib(3), 256L, most).deviceMemory().orElseThrow();
    assertEquals(0, range.last().value() >>> 52);
  }

  private static void assertRefused(
      Problem problem, String message, ByteSize size, Long slots, ByteSize maxmem) {
    MemoryLayoutException e =
        assertThrows(
            MemoryLayoutException.class,
            () -> MemoryLayout.of(MachineType.PC, size, slots, maxmem));
    assertEquals(message, e.getMessage());
    assertEquals(problem, e.problem());
  }
}
