package holdfast.itest.dax;

import com.fasterxml.jackson.jr.ob.JSON;
import holdfast.machine.acpi.NvdimmPlatform;
import holdfast.machine.acpi.NvdimmTables;
import holdfast.machine.api.GuestAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * The host's side of the shared page, for a guest under QEMU that has our tables and no NVDIMM of
 * QEMU's.
 *
 * <p>QEMU's {@code pvpanic} stands at the I/O port. A write there stops the machine, if one of the
 * bytes is odd, before the writing CPU has gone on; QEMU's monitor tells of it. Then the request is
 * read in the guest's memory, which is a file that this process maps, too, the answer is laid
 * there, and the machine goes on.
 */
final class AcpiHost implements AutoCloseable {
  /** Where the page is: its address has the one odd byte. */
  static final GuestAddress PAGE = new GuestAddress(0x1001_0000);

  /** Below 4 GiB, so that an address is an offset in the file. */
  private static final int LOW_MIB = 1024;

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /**
   * A table of the test's own, since QEMU raises no event for us: who reads this device's status
   * runs the handler of event 4. It is, compiled:
   *
   * <pre>
   * Scope (\_SB) {
   *   Device (TELL) {
   *     Name (_HID, "HLDF0001")
   *     Method (_STA, 0) { \_GPE._E04 () Return (0x0F) }
   *   }
   * }
   * </pre>
   */
  private static final byte[] TELL =
      HexFormat.of()
          .parseHex(
              "535344546500000002a1484c44465354544553545445"
                  + "4c4c01000000494e544c25092020a00f00155c2e5f47"
                  + "50455f4530340800"
                  + "10305c5f53425f5b822854454c4c085f484944"
                  + "0d484c44463030303100"
                  + "14135f535441005c2e5f4750455f453034a40a0f");

  /** What to read in the guest for event 4 to be handled. */
  static final String EVENT_4 = "/sys/bus/acpi/devices/HLDF0001:00/status";

  private final Path folder;
  private final Consumer<MemorySegment> answer;
  private final int aboveMib;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment page;
  private final LineSocket monitor;
  private final List<Request> requests = new CopyOnWriteArrayList<>();

  /** What the guest has asked: for whom, and which function. */
  record Request(int handle, int function) {}

  /**
   * Prepares what QEMU needs.
   *
   * @param aboveMib how much memory the guest has at 4 GiB, where the NVDIMMs are put
   * @param answer puts the answer into a page with a request
   */
  AcpiHost(Path folder, NvdimmTables tables, int aboveMib, Consumer<MemorySegment> answer)
      throws IOException {
    this.folder = Files.createDirectories(folder);
    this.answer = answer;
    this.aboveMib = aboveMib;
    Files.deleteIfExists(ram());
    try (FileChannel file =
        FileChannel.open(
            ram(),
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            StandardOpenOption.SPARSE)) {
      file.write(ByteBuffer.allocate(1), ((long) (LOW_MIB + aboveMib) << 20) - 1);
      page =
          file.map(FileChannel.MapMode.READ_WRITE, PAGE.value(), NvdimmPlatform.PAGE_SIZE, arena);
    }
    write("nfit.aml", tables.nfit());
    write("ssdt.aml", tables.ssdt());
    Files.write(folder.resolve("tell.aml"), TELL);
    monitor = new LineSocket(folder.resolve("qmp"), this::onLine);
  }

  private Path ram() {
    return folder.resolve("ram");
  }

  private void write(String name, Optional<MemorySegment> table) throws IOException {
    Files.write(folder.resolve(name), table.orElseThrow().toArray(ValueLayout.JAVA_BYTE));
  }

  /** The board with our tables; its memory at 4 GiB is kept free for the NVDIMMs. */
  Board board() {
    return new Board(
        "nvdimm=off,memory-backend=ram,max-ram-below-4g=%dM".formatted(LOW_MIB),
        (LOW_MIB + aboveMib) + "M",
        "memmap=64K$0x%x memmap=%dM$0x100000000".formatted(PAGE.value(), aboveMib),
        List.of(
            "-object",
            "memory-backend-file,id=ram,share=on,mem-path=%s,size=%dM"
                .formatted(ram(), LOW_MIB + aboveMib),
            "-acpitable",
            "file=" + folder.resolve("nfit.aml"),
            "-acpitable",
            "file=" + folder.resolve("ssdt.aml"),
            "-acpitable",
            "file=" + folder.resolve("tell.aml"),
            "-device",
            "pvpanic,ioport=" + NvdimmPlatform.PORT,
            "-action",
            "panic=pause",
            "-chardev",
            "socket,id=qmp,path=" + folder.resolve("qmp"),
            "-mon",
            "chardev=qmp,mode=control"));
  }

  /** What the guest has asked so far. */
  List<Request> requests() {
    return List.copyOf(requests);
  }

  private void onLine(String line) {
    try {
      Map<String, Object> said = JSON.std.mapFrom(line);
      if (said.containsKey("QMP")) {
        monitor.send("{\"execute\": \"qmp_capabilities\"}");
      } else if ("STOP".equals(said.get("event"))) {
        requests.add(new Request(page.get(INT, 0), page.get(INT, 2 * Integer.BYTES)));
        answer.accept(page);
        monitor.send("{\"execute\": \"cont\"}");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    monitor.close();
    arena.close();
    Files.deleteIfExists(ram());
  }
}
