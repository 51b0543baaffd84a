package holdfast.machine.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.UnmappedAddressException;
import holdfast.machine.config.AddressLayout;
import holdfast.machine.config.MachineOptions;
import holdfast.machine.core.Holdfast;
import holdfast.machine.core.MachineException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Machines of the library whose memory is not where a PC has it. */
@Timeout(60)
class AddressesTest {
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  @ParameterizedTest
  @DisplayName("a virt machine has its RAM where ARM or RISC-V has it, and devices behind that")
  @CsvSource({
    "virt, 0x40000000, 0x80000000",
    "'virt,x-ram-base=0x80000000', 0x80000000, 0xc0000000"
  })
  void virt(String machine, String ram, String device) throws Exception {
    try (Holdfast open =
        Holdfast.open(
            "-machine", machine + ",nvdimm=on",
            "-m", "16M,slots=1,maxmem=32M",
            "-object", "memory-backend-ram,id=nv,size=4M",
            "-device", "nvdimm,id=nv0,memdev=nv")) {
      GuestMemory memory = open.memory();
      GuestAddress first = new GuestAddress(Long.decode(ram));
      assertEquals(0, memory.getLong(first, ORDER));
      memory.setLong(first.plus((16 << 20) - 8), 42, ORDER);
      assertEquals(42, memory.getLong(first.plus((16 << 20) - 8), ORDER));
      assertThrows(UnmappedAddressException.class, () -> memory.getByte(GuestAddress.ZERO));
      assertThrows(UnmappedAddressException.class, () -> memory.getByte(first.plus(16 << 20)));
      assertEquals(device, memory.devices().getLast().address().toString());
    }
  }

  @Test
  @DisplayName("the README's own layout: its RAM and its devices are where the emulator says")
  void own() throws Exception {
    MachineOptions options = new MachineOptions();
    options.read("-m", "slots=2");
    options.read("-object", "memory-backend-ram,id=m,size=4M");
    options.read("-device", "pc-dimm,id=d,memdev=m");
    AddressLayout layout =
        AddressLayout.of(
            List.of(
                GuestRange.of(new GuestAddress(0x2000_0000), ByteSize.mib(64)),
                GuestRange.of(new GuestAddress(0), ByteSize.kib(64))),
            GuestRange.of(new GuestAddress(0x1_0000_0000L), ByteSize.gib(4)));
    try (Holdfast machine = Holdfast.open(options.spec().withLayout(layout))) {
      GuestMemory memory = machine.memory();
      assertEquals(
          List.of("ram:0x0", "ram:0x20000000", "d"),
          memory.devices().stream().map(MemoryDevice::id).toList());
      assertEquals(new GuestAddress(0x1_0000_0000L), memory.devices().getLast().address());
      memory.setInt(new GuestAddress(0), 1, ORDER);
      memory.setInt(new GuestAddress(0x2000_0000), 2, ORDER);
      MemoryDevice low = memory.devices().getFirst();
      assertEquals(2, low.region().segment().get(ValueLayout.JAVA_INT, 0));
      assertEquals(1, low.region().segment().get(ValueLayout.JAVA_INT, 64L << 20));
    }
  }

  @Test
  @DisplayName("a machine that doesn't suit its own layout is refused in one sentence")
  void contradiction() throws Exception {
    MachineOptions options = new MachineOptions();
    options.read("-m", "1G");
    AddressLayout layout =
        AddressLayout.of(List.of(GuestRange.of(GuestAddress.ZERO, ByteSize.mib(64))));
    MachineException e =
        assertThrows(
            MachineException.class, () -> Holdfast.open(options.spec().withLayout(layout)));
    assertTrue(e.getMessage().contains("size=1G"), e.getMessage());
  }
}
