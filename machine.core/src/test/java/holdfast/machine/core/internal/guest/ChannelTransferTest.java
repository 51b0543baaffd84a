package holdfast.machine.core.internal.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.nio.file.ExtendedOpenOption;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamFlag;
import holdfast.host.testkit.Storage;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestRange;
import holdfast.machine.api.ReadOnlyDeviceException;
import holdfast.machine.api.UnmappedAddressException;
import holdfast.machine.config.MachineType;
import holdfast.machine.config.MemoryLayout;
import holdfast.machine.config.options.OnOffAuto;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Transfers between channels and the memory of a machine with 64 KiB of RAM at 0; from 4 GiB on,
 * next to each other and of 16 KiB each, the nvdimm a, the pc-dimm b and the read-only nvdimm r.
 */
@Timeout(60)
class ChannelTransferTest {
  private static final int PAGE = 4096;
  private static final int DIMM = 4 * PAGE;
  private static final long A = 0x1_0000_0000L;
  private static final long B = A + DIMM;
  private static final long R = B + DIMM;

  private final Arena arena = Arena.ofShared();
  private final byte[] content = new byte[64 << 10];
  private Path folder = Path.of("/");
  private FlatGuestMemory memory;
  private FileChannel file;

  @BeforeEach
  void machine() throws Exception {
    MemoryLayout machine =
        MemoryLayout.of(MachineType.PC, ByteSize.kib(64), 4L, ByteSize.mib(1)).withNvdimm(true);
    memory =
        new FlatGuestMemory(
            machine, region("ram", 64 << 10), (region, offset, length, stored) -> false);
    memory.plug(DeviceRequest.of(DeviceKind.NVDIMM, "a", region("ma", DIMM)));
    memory.plug(DeviceRequest.of(DeviceKind.PC_DIMM, "b", region("mb", DIMM)));
    memory.plug(
        DeviceRequest.of(DeviceKind.NVDIMM, "r", region("mr", DIMM).with(RamFlag.RAM_READONLY))
            .withUnarmed(OnOffAuto.ON));
    new Random(7).nextBytes(content);
    folder = Storage.disk().newFolder();
    Path path = Files.write(folder.resolve("disk"), content);
    file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  @AfterEach
  void end() throws IOException {
    file.close();
    Storage.remove(folder);
    arena.close();
  }

  private FakeRegion region(String id, long size) {
    return new FakeRegion(id, arena.allocate(size, PAGE), PAGE);
  }

  @Test
  @DisplayName("a file fills guest memory across devices, and nothing beside; its position stays")
  void fromAFile() throws IOException {
    assertEquals(1000, memory.transferFrom(file, 5, at(B - 600), new ByteSize(1000)));
    assertArrayEquals(slice(5, 1000), read(B - 600, 1000));
    assertArrayEquals(new byte[100], read(B - 700, 100));
    assertArrayEquals(new byte[100], read(B + 400, 100));
    assertEquals(0, file.position());
  }

  @Test
  @DisplayName("guest memory goes to a file across devices; a read-only one can be its source")
  void toAFile() throws IOException {
    byte[] bytes = slice(0, 300);
    memory.write(at(R - 300), MemorySegment.ofArray(bytes));
    memory.transferTo(file, 70_000, at(R - 300), new ByteSize(400));
    assertEquals(70_400, file.size());
    byte[] all = Files.readAllBytes(folder.resolve("disk"));
    assertArrayEquals(bytes, Arrays.copyOfRange(all, 70_000, 70_300));
    assertArrayEquals(new byte[100], Arrays.copyOfRange(all, 70_300, 70_400));
    assertArrayEquals(content, Arrays.copyOf(all, content.length));
  }

  @Test
  @DisplayName("the end of the file is told by fewer bytes, and no byte behind them is changed")
  void theEndOfTheFile() throws IOException {
    memory.write(at(0), MemorySegment.ofArray(slice(0, 2000)));
    assertEquals(100, memory.transferFrom(file, content.length - 100, at(0), new ByteSize(2000)));
    assertArrayEquals(slice(content.length - 100, 100), read(0, 100));
    assertArrayEquals(slice(100, 1900), read(100, 1900));
    assertEquals(0, memory.transferFrom(file, content.length, at(0), new ByteSize(2000)));
    assertEquals(0, memory.transferFrom(file, 1 << 20, at(0), new ByteSize(2000)));
    assertArrayEquals(slice(content.length - 100, 100), read(0, 100));
  }

  @Test
  @DisplayName("what is refused has moved nothing and asked nobody: holes, read-only memory")
  void refusals() throws IOException {
    assertThrows(
        ReadOnlyDeviceException.class,
        () -> memory.transferFrom(file, 0, at(R - 8), new ByteSize(16)));
    assertThrows(
        UnmappedAddressException.class,
        () -> memory.transferFrom(file, 0, at((64 << 10) - 8), new ByteSize(16)));
    assertThrows(
        UnmappedAddressException.class,
        () -> memory.transferTo(file, 0, at((64 << 10) - 8), new ByteSize(16)));
    assertThrows(
        ReadOnlyDeviceException.class, () -> memory.markDirty(at(R - 8), new ByteSize(16)));
    assertThrows(
        UnmappedAddressException.class, () -> memory.markDirty(at(1 << 20), new ByteSize(1)));
    assertThrows(
        ReadOnlyDeviceException.class,
        () -> memory.transferFrom(file, List.of(range(0, 8), range(R - 8, 16))));
    assertThrows(
        UnmappedAddressException.class,
        () -> memory.transferFrom(file, List.of(new GuestRange(at(0), GuestAddress.MAX))));
    assertThrows(
        IllegalArgumentException.class,
        () -> memory.transferFrom(file, -1, at(0), new ByteSize(16)));
    assertArrayEquals(new byte[8], read(R - 8, 8));
    assertArrayEquals(new byte[8], read(0, 8));
    assertEquals(0, file.position());
    assertArrayEquals(content, Files.readAllBytes(folder.resolve("disk")));
  }

  @Test
  @DisplayName("a closed channel says so, and so does one that is not open for it")
  void closedChannels() throws IOException {
    try (FileChannel readOnly = FileChannel.open(folder.resolve("disk"))) {
      assertThrows(
          NonWritableChannelException.class,
          () -> memory.transferTo(readOnly, 0, at(0), new ByteSize(16)));
    }
    file.close();
    assertThrows(
        ClosedChannelException.class, () -> memory.transferFrom(file, 0, at(0), new ByteSize(16)));
  }

  @Test
  @DisplayName("direct transfers go through; the end of the file need not be that of a block")
  void direct() throws IOException {
    Files.write(folder.resolve("disk"), slice(0, 3 * PAGE + 10));
    try (FileChannel disk = openDirect()) {
      assertEquals(
          2 * PAGE + 10, memory.transferFrom(disk, PAGE, at(B - PAGE), new ByteSize(4 * PAGE)));
      assertArrayEquals(slice(PAGE, 2 * PAGE + 10), read(B - PAGE, 2 * PAGE + 10));
      memory.transferTo(disk, 0, at(B - PAGE), new ByteSize(2 * PAGE));
    }
    byte[] all = Files.readAllBytes(folder.resolve("disk"));
    assertArrayEquals(slice(PAGE, 2 * PAGE), Arrays.copyOf(all, 2 * PAGE));
  }

  @Test
  @DisplayName("a direct transfer that is not aligned is refused in a sentence that says what is")
  void directUnaligned() throws IOException {
    try (FileChannel disk = openDirect()) {
      for (long[] wrong : new long[][] {{1, 0, PAGE}, {0, 16, PAGE}, {0, 0, 100}}) {
        IOException e =
            assertThrows(
                IOException.class,
                () -> memory.transferFrom(disk, wrong[0], at(wrong[1]), new ByteSize(wrong[2])));
        assertTrue(
            ("" + e.getMessage())
                .startsWith(
                    wrong[2]
                        + " bytes from position "
                        + wrong[0]
                        + " of the file, to guest address "
                        + at(wrong[1])
                        + ": "),
            e::getMessage);
        assertTrue(
            ("" + e.getMessage())
                .endsWith(
                    "; if it was opened with ExtendedOpenOption.DIRECT, position, size and guest"
                        + " address have to be multiples of its block size"),
            e::getMessage);
      }
    }
  }

  private FileChannel openDirect() throws IOException {
    return FileChannel.open(
        folder.resolve("disk"),
        StandardOpenOption.READ,
        StandardOpenOption.WRITE,
        ExtendedOpenOption.DIRECT);
  }

  @Test
  @DisplayName(
      "a stream fills several ranges in their order, as far as it has bytes, and ends in -1")
  void streams() throws IOException {
    Pipe pipe = Pipe.open();
    List<GuestRange> ranges = List.of(range(B - 4, 10), range(0, 20));
    try (Pipe.SourceChannel source = pipe.source();
        Pipe.SinkChannel sink = pipe.sink()) {
      source.configureBlocking(false);
      assertEquals(0, memory.transferFrom(source, ranges));
      assertEquals(0, memory.transferFrom(source, List.of()));
      assertEquals(0, memory.transferTo(sink, List.of()));
      sink.write(ByteBuffer.wrap(slice(0, 15)));
      assertEquals(15, memory.transferFrom(source, ranges));
      assertArrayEquals(slice(0, 10), read(B - 4, 10));
      assertArrayEquals(slice(10, 5), read(0, 5));
      assertArrayEquals(new byte[15], read(5, 15));
      assertEquals(30, memory.transferTo(sink, ranges));
      ByteBuffer back = ByteBuffer.allocate(40);
      assertEquals(30, source.read(back));
      assertArrayEquals(slice(0, 15), Arrays.copyOf(back.array(), 15));
      sink.close();
      assertEquals(-1, memory.transferFrom(source, ranges));
    }
  }

  @Test
  @DisplayName("a packet goes out of several ranges as one, and comes into several as one")
  void packets() throws IOException {
    try (DatagramChannel here = DatagramChannel.open();
        DatagramChannel there = DatagramChannel.open()) {
      here.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      there.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      here.connect(there.getLocalAddress());
      there.connect(here.getLocalAddress());
      memory.write(at(0), MemorySegment.ofArray(slice(0, 100)));
      assertEquals(60, memory.transferTo(here, List.of(range(50, 50), range(0, 10))));
      assertEquals(60, memory.transferFrom(there, List.of(range(B - 20, 40), range(A, 1000))));
      assertArrayEquals(slice(50, 40), read(B - 20, 40));
      assertArrayEquals(slice(90, 10), read(A, 10));
      assertArrayEquals(slice(0, 10), read(A + 10, 10));
    }
  }

  @Test
  @DisplayName("marking changes no byte, of ranges of any size and place")
  void markingChangesNothing() {
    memory.write(at(0), MemorySegment.ofArray(content));
    for (int[] range : new int[][] {{0, 0}, {0, 1}, {4095, 2}, {1, 65_535}, {65_535, 1}}) {
      memory.markDirty(at(range[0]), new ByteSize(range[1]));
    }
    memory.markDirty(at(B - 1), new ByteSize(2));
    assertArrayEquals(content, read(0, content.length));
  }

  @Test
  @DisplayName("more than a buffer holds goes through in portions, one behind the other")
  void moreThanABufferHolds() throws Exception {
    ByteSize size = ByteSize.gib(3);
    FakeRegion big = FakeRegion.withoutBytes("big", size, 1 << 21);
    FlatGuestMemory large =
        new FlatGuestMemory(
            MemoryLayout.of(MachineType.PC, size, null, null), big, FakeRegion::neverLost);
    CountingFile counting = new CountingFile();
    large.transferTo(counting, 100, at(0), size);
    assertEquals(100 + size.bytes(), counting.end);
  }

  private byte[] slice(int from, int length) {
    return Arrays.copyOfRange(content, from, from + length);
  }

  private byte[] read(long address, int length) {
    byte[] target = new byte[length];
    memory.read(at(address), MemorySegment.ofArray(target));
    return target;
  }

  private static GuestAddress at(long address) {
    return new GuestAddress(address);
  }

  private static GuestRange range(long address, long length) {
    return GuestRange.of(at(address), new ByteSize(length));
  }
}
