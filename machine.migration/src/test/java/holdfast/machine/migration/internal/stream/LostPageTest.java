package holdfast.machine.migration.internal.stream;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/**
 * A page of guest memory that is lost ends the stream, and not the JVM; however it was compiled.
 */
class LostPageTest {
  private static final int PAGE = RamStreamFormat.TARGET_PAGE_SIZE;
  private static final long SIZE = 2000L * PAGE;

  @TempDir private Path folder;

  /** What touches memory. */
  private interface Use {
    void of(MemorySegment memory) throws IOException;
  }

  @RepeatedTest(3)
  @DisplayName("lost while it is sent")
  void writer() throws Exception {
    assertLost(
        memory -> {
          WritableByteChannel nowhere = Channels.newChannel(OutputStream.nullOutputStream());
          RamStreamWriter writer =
              new RamStreamWriter(nowhere, List.of(new RamBlockEntry("m0", SIZE)));
          writer.start("none");
          writer.write(0, memory, 0, SIZE);
          writer.finish();
        });
  }

  @RepeatedTest(3)
  @DisplayName("lost while pages are stored")
  void pages() throws Exception {
    MemorySegment content = MemorySegment.ofArray(new byte[PAGE]).fill((byte) 1);
    assertLost(
        memory -> {
          SegmentSink sink = sink(memory);
          for (long at = 0; at < SIZE; at += PAGE) {
            sink.page(0, at, content);
          }
        });
  }

  @RepeatedTest(3)
  @DisplayName("lost while zeros are looked for")
  void zeros() throws Exception {
    assertLost(memory -> sink(memory).zero(0, 0, SIZE));
  }

  private static SegmentSink sink(MemorySegment memory) throws IOException {
    SegmentSink sink = new SegmentSink(Map.of("m0", memory), false);
    sink.blocks(List.of(new RamBlockEntry("m0", SIZE)));
    return sink;
  }

  private void assertLost(Use use) throws Exception {
    try (Arena arena = Arena.ofConfined();
        FileChannel file =
            FileChannel.open(
                folder.resolve("image"),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      MemorySegment memory = file.map(FileChannel.MapMode.READ_WRITE, 0, SIZE, arena);
      for (int i = 0; i < 10; i++) {
        use.of(memory);
      }
      file.truncate(SIZE / 2);
      Executable lost = () -> use.of(memory);
      assertThrows(InternalError.class, lost);
    }
  }
}
