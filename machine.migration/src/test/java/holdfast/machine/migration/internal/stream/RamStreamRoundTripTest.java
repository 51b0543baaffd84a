package holdfast.machine.migration.internal.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written is what is read. */
class RamStreamRoundTripTest {
  private static final int PAGE = RamStreamFormat.TARGET_PAGE_SIZE;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  @DisplayName("rounds of random ranges of several blocks arrive, whatever the pieces are")
  void rounds(long seed) throws Exception {
    Random random = new Random(seed);
    List<MemorySegment> source = new ArrayList<>();
    List<RamBlockEntry> entries = new ArrayList<>();
    Map<String, MemorySegment> target = new HashMap<>();
    for (int block = 0; block < 1 + random.nextInt(4); block++) {
      source.add(Bytes.memory(1 + random.nextInt(90), random));
      entries.add(new RamBlockEntry("block" + block, source.get(block).byteSize()));
      // What was there before has to go.
      byte[] former = new byte[(int) source.get(block).byteSize()];
      random.nextBytes(former);
      target.put("block" + block, MemorySegment.ofArray(former));
    }
    Bytes stream = new Bytes();
    RamStreamWriter writer =
        new RamStreamWriter(
            stream.sink(), entries, RamStreamWriter.LONGEST_RECORD + random.nextInt(20_000));
    writer.start("pc-i440fx-7.2");
    for (int block = 0; block < source.size(); block++) {
      writer.write(block, source.get(block), 0, source.get(block).byteSize());
    }
    for (int round = 0; round < 5; round++) {
      writer.endPart();
      for (int range = 0; range < 20; range++) {
        int block = random.nextInt(source.size());
        int pages = (int) (source.get(block).byteSize() / PAGE);
        int from = random.nextInt(pages);
        int count = 1 + random.nextInt(pages - from);
        MemorySegment.copy(
            Bytes.memory(count, random), 0, source.get(block), from * PAGE, count * PAGE);
        writer.write(block, source.get(block), (long) from * PAGE, (long) count * PAGE);
      }
    }
    writer.finish();

    byte[] bytes = stream.toArray();
    SegmentSink sink = new SegmentSink(target, false);
    assertFalse(sink.missing().isEmpty());
    RamStreamReader reader =
        new RamStreamReader(Bytes.dribbling(bytes, random), sink, PAGE + random.nextInt(20_000));
    ReceivedRam received = reader.read();
    assertEquals(Optional.of("pc-i440fx-7.2"), received.machine());
    assertEquals(Optional.empty(), received.device());
    assertEquals(Optional.empty(), sink.missing());
    assertEquals(writer.total().normal(), received.count().normal());
    assertEquals(writer.total().zero(), received.count().zero());
    assertTrue(writer.total().zero() > 0 || writer.total().normal() > 0);
    assertEquals(bytes.length, writer.total().bytes());
    assertTrue(reader.dropRest(1000));
    for (int block = 0; block < source.size(); block++) {
      assertArrayEquals(
          source.get(block).toArray(ValueLayout.JAVA_BYTE),
          target.get("block" + block).toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Test
  @DisplayName("pages side by side are told before they come, as far as they are here; few are not")
  void coming() throws Exception {
    MemorySegment memory = MemorySegment.ofArray(new byte[100 * PAGE]).fill((byte) 1);
    Bytes stream = new Bytes();
    RamStreamWriter writer =
        new RamStreamWriter(stream.sink(), List.of(new RamBlockEntry("m0", 100 * PAGE)));
    writer.start("none");
    writer.write(0, memory, 0, 100 * PAGE);
    writer.write(0, memory, 10 * PAGE, 3 * PAGE); // too few
    writer.write(0, memory, 50 * PAGE, 20 * PAGE);
    writer.finish();

    List<String> told = new ArrayList<>();
    RamSink sink =
        new RamSink() {
          @Override
          public void blocks(List<RamBlockEntry> blocks) {}

          @Override
          public void coming(int block, long offset, long length) {
            told.add(offset / PAGE + " to " + (offset + length) / PAGE);
          }

          @Override
          public void page(int block, long offset, MemorySegment content) {}

          @Override
          public void zero(int block, long offset, long length) {}
        };
    new RamStreamReader(stream.channel(), sink, 40 * (PAGE + Long.BYTES)).read();
    // What is before the first page takes the place of one in the first piece of 40. Of the last
    // pages some are in the next piece.
    assertEquals(List.of("0 to 39", "39 to 79", "79 to 100", "50 to 66"), told);
  }

  @Test
  @DisplayName("pages that are stored into while they are sent leave the stream whole")
  void storedIntoMeanwhile() throws Exception {
    int pages = 16;
    MemorySegment memory = MemorySegment.ofArray(new byte[pages * PAGE]);
    Bytes stream = new Bytes();
    RamStreamWriter writer =
        new RamStreamWriter(stream.sink(), List.of(new RamBlockEntry("m0", pages * PAGE)));
    writer.start("none");
    AtomicBoolean enough = new AtomicBoolean();
    Thread guest =
        Thread.ofPlatform()
            .start(
                () -> {
                  Random random = new Random(1);
                  while (!enough.get()) {
                    MemorySegment page = Bytes.page(memory, random.nextInt(pages));
                    page.fill((byte) 0);
                    page.set(ValueLayout.JAVA_BYTE, random.nextInt(PAGE), (byte) 1);
                  }
                });
    try {
      for (int round = 0; round < 300; round++) {
        writer.write(0, memory, 0, pages * PAGE);
        writer.endPart();
      }
    } finally {
      enough.set(true);
      guest.join();
    }
    Bytes.page(memory, 3).fill((byte) 0);
    writer.write(0, memory, 0, pages * PAGE);
    writer.finish();
    MemorySegment target = MemorySegment.ofArray(new byte[pages * PAGE]);
    ReceivedRam received =
        new RamStreamReader(stream.channel(), new SegmentSink(Map.of("m0", target), false)).read();
    assertEquals(301 * pages, received.count().normal() + received.count().zero());
    assertEquals(-1, memory.mismatch(target));
  }

  @Test
  @DisplayName("adjacent zero pages come together, and never before an older page")
  void zerosTogether() throws Exception {
    Bytes stream = new Bytes();
    MemorySegment memory = MemorySegment.ofArray(new byte[8 * PAGE]);
    memory.set(ValueLayout.JAVA_BYTE, 3 * PAGE + 5, (byte) 1);
    RamStreamWriter writer =
        new RamStreamWriter(stream.sink(), List.of(new RamBlockEntry("m0", 8 * PAGE)));
    writer.start("none");
    writer.write(0, memory, 0, 8 * PAGE);
    writer.endPart();
    memory.set(ValueLayout.JAVA_BYTE, 3 * PAGE + 5, (byte) 0);
    writer.write(0, memory, 3 * PAGE, PAGE);
    writer.write(0, memory, 0, PAGE);
    writer.finish();
    List<String> calls = new ArrayList<>();
    new RamStreamReader(
            stream.channel(),
            new RamSink() {
              @Override
              public void blocks(List<RamBlockEntry> blocks) {
                calls.add("blocks " + blocks);
              }

              @Override
              public void page(int block, long offset, MemorySegment content) {
                assertEquals(PAGE, content.byteSize());
                assertTrue(content.isReadOnly());
                calls.add("page " + offset / PAGE);
              }

              @Override
              public void zero(int block, long offset, long length) {
                calls.add("zero " + offset / PAGE + "+" + length / PAGE);
              }
            })
        .read();
    assertEquals(
        List.of(
            "blocks ['m0' of 32768 bytes]",
            "zero 0+3",
            "page 3",
            "zero 4+4",
            "zero 3+1",
            "zero 0+1"),
        calls);
  }

  @Test
  @DisplayName("zeros are told and handed over while more come, however many there are")
  void zerosInPortions() throws Exception {
    int pages = 10_000;
    List<Long> told = new ArrayList<>();
    RamSink sink =
        new RamSink() {
          @Override
          public void blocks(List<RamBlockEntry> blocks) {}

          @Override
          public void page(int block, long offset, MemorySegment content) {
            throw new AssertionError("none has content");
          }

          @Override
          public void zero(int block, long offset, long length) {
            assertEquals(told.stream().mapToLong(Long::longValue).sum(), offset);
            told.add(length);
          }
        };
    Bytes stream = new Bytes();
    RamStreamWriter writer =
        new RamStreamWriter(stream.sink(), List.of(new RamBlockEntry("m0", (long) pages * PAGE)));
    writer.start("none");
    writer.write(0, MemorySegment.ofArray(new byte[pages * PAGE]), 0, pages * PAGE);
    assertTrue(stream.toArray().length > 0, "handed over before the part ends");
    writer.finish();
    new RamStreamReader(stream.channel(), sink).read();
    assertEquals((long) pages * PAGE, told.stream().mapToLong(Long::longValue).sum());
    assertTrue(told.stream().allMatch(each -> each <= 1 << 20), told::toString);
    assertTrue(told.size() < pages / 200, told::toString);
  }

  @Test
  @DisplayName("a page of zeros is not stored where zeros are, and a page that never came is told")
  void zerosAreNotStored() throws Exception {
    MemorySegment zeros = MemorySegment.ofArray(new byte[40 * PAGE]).asReadOnly();
    SegmentSink sink = new SegmentSink(Map.of("m0", zeros), false);
    sink.blocks(List.of(new RamBlockEntry("m0", 40 * PAGE)));
    sink.zero(0, 0, 39 * PAGE);
    assertEquals(
        Optional.of("the page at 159744 of the RAM block 'm0' of 163840 bytes has not come"),
        sink.missing());
    sink.zero(0, 39 * PAGE, PAGE);
    assertEquals(Optional.empty(), sink.missing());
  }
}
