package holdfast.machine.migration.internal.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A real QEMU takes in our stream, and we its. */
@NeedsQemu
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class QemuStreamTest {
  private static final int PAGES = 4096;
  private static final long SIZE = (long) PAGES * RamStreamFormat.TARGET_PAGE_SIZE;
  private static final String BLOCK = "m0";

  /** Of the states of pc's devices with what describes them; they have half a MiB. */
  private static final long MOST_DEVICES = 16 << 20;

  @TempDir private Path folder;
  private Arena arena = Arena.global();

  /** A machine of QEMU's that has the block. */
  enum Machine {
    NONE("none", "none,memory-backend=" + BLOCK, List.of()),
    PC_WITH_NVDIMM(
        "pc",
        "pc,nvdimm=on,accel=tcg",
        List.of("-m", "32M,slots=2,maxmem=1G", "-device", "nvdimm,id=nv0,memdev=" + BLOCK));

    private final String alias;
    private final String machine;
    private final List<String> more;

    Machine(String alias, String machine, List<String> more) {
      this.alias = alias;
      this.machine = machine;
      this.more = more;
    }

    /** Its options, with the block in the file. */
    List<String> options(Path image) {
      List<String> options =
          new ArrayList<>(
              List.of(
                  "-machine",
                  machine,
                  "-object",
                  "memory-backend-file,id=%s,share=on,mem-path=%s,size=%d"
                      .formatted(BLOCK, image, SIZE)));
      options.addAll(more);
      return options;
    }
  }

  @BeforeEach
  void open() {
    arena = Arena.ofShared();
  }

  @AfterEach
  void close() {
    arena.close();
  }

  private MemorySegment image(Path file) throws Exception {
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, SIZE, arena);
    }
  }

  @ParameterizedTest
  @EnumSource(Machine.class)
  @DisplayName("a QEMU takes in our stream, with pages that come again, byte for byte")
  void toQemu(Machine machine) throws Exception {
    Path file = folder.resolve("image");
    Random random = new Random(1);
    MemorySegment image = image(file);
    // What was there before has to go.
    image.copyFrom(Bytes.memory(PAGES, random));
    MemorySegment memory = arena.allocate(SIZE).copyFrom(Bytes.memory(PAGES, random));
    Path socket = folder.resolve("in");
    List<String> options = new ArrayList<>(machine.options(file));
    options.addAll(List.of("-incoming", "unix:" + socket));
    try (Qemu qemu = new Qemu(folder, options);
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      RamStreamWriter writer =
          new RamStreamWriter(channel, List.of(new RamBlockEntry(BLOCK, SIZE)));
      writer.start(qemu.machine(machine.alias));
      writer.write(0, memory, 0, SIZE);
      for (int round = 0; round < 3; round++) {
        writer.endPart();
        for (int page = round; page < PAGES; page += 50) {
          MemorySegment.copy(Bytes.memory(1, random), 0, Bytes.page(memory, page), 0, 4096);
          writer.write(0, memory, page * 4096L, 4096);
        }
      }
      writer.finish();
      assertEquals("completed", qemu.migrated());
      assertEquals("completed", qemu.status("query-migrate"));
      assertTrue(
          List.of("paused", "prelaunch").contains(qemu.status("query-status")),
          "it was started paused");
      assertEquals(-1, image.mismatch(memory));
      qemu.execute("cont", Map.of());
      assertEquals("running", qemu.status("query-status"));
    }
    String complaints = Files.readString(folder.resolve("qemu.log"));
    assertFalse(complaints.contains("vmdescription"), complaints);
  }

  @ParameterizedTest
  @EnumSource(Machine.class)
  @DisplayName("we take in a QEMU's stream, byte for byte, and its migration completes")
  void fromQemu(Machine machine) throws Exception {
    Path file = folder.resolve("image");
    Random random = new Random(2);
    MemorySegment image = image(file);
    image.copyFrom(Bytes.memory(PAGES, random));
    MemorySegment memory = arena.allocate(SIZE).copyFrom(Bytes.memory(PAGES, random));
    Path socket = folder.resolve("out");
    try (ServerSocketChannel server = listen(socket);
        Qemu qemu = new Qemu(folder, machine.options(file))) {
      qemu.execute("migrate", Map.of("uri", "unix:" + socket));
      try (SocketChannel channel = server.accept()) {
        SegmentSink sink = new SegmentSink(Map.of(BLOCK, memory), machine != Machine.NONE);
        RamStreamReader reader = new RamStreamReader(channel, sink);
        ReceivedRam received = reader.read();
        assertEquals(Optional.of(qemu.machine(machine.alias)), received.machine());
        assertTrue(received.device().isPresent(), "each machine has a timer at least");
        assertEquals(Optional.empty(), sink.missing());
        assertTrue(received.count().normal() + received.count().zero() >= PAGES);
        assertTrue(reader.dropRest(MOST_DEVICES));
      }
      assertEquals("completed", qemu.migrated());
      assertEquals(-1, image.mismatch(memory));
    }
  }

  private static ServerSocketChannel listen(Path socket) throws Exception {
    return ServerSocketChannel.open(StandardProtocolFamily.UNIX)
        .bind(UnixDomainSocketAddress.of(socket));
  }

  @ParameterizedTest
  @CsvSource({"x-ignore-shared, x-ignore-shared", "postcopy-ram, postcopy-ram"})
  @DisplayName("a QEMU that sends what can't be read is told apart by the capability to switch off")
  void capabilities(String capability, String words) throws Exception {
    Path file = folder.resolve("image");
    MemorySegment image = image(file);
    Path socket = folder.resolve("out");
    try (ServerSocketChannel server = listen(socket);
        Qemu qemu = new Qemu(folder, Machine.NONE.options(file))) {
      qemu.execute(
          "migrate-set-capabilities",
          Map.of("capabilities", List.of(Map.of("capability", capability, "state", true))));
      qemu.execute("migrate", Map.of("uri", "unix:" + socket));
      try (SocketChannel channel = server.accept()) {
        RamStreamReader reader =
            new RamStreamReader(channel, new SegmentSink(Map.of(BLOCK, image), false));
        StreamFormatException refused = assertThrows(StreamFormatException.class, reader::read);
        assertTrue(refused.getMessage().contains(words), refused.getMessage());
      }
    }
  }
}
