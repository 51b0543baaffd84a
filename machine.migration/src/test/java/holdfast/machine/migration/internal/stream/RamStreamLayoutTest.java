package holdfast.machine.migration.internal.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The bytes of a stream, as they were seen in QEMU 7.2's. */
class RamStreamLayoutTest {
  private static final int PAGE = 4096;

  @Test
  @DisplayName("each byte of a stream is as QEMU has it")
  void bytes() throws Exception {
    byte[] full = new byte[PAGE];
    Arrays.fill(full, (byte) 0xa5);
    byte[] late = new byte[PAGE];
    late[PAGE - 1] = 1;
    MemorySegment first = MemorySegment.ofArray(new byte[3 * PAGE]);
    MemorySegment.copy(MemorySegment.ofArray(full), 0, first, PAGE, PAGE);
    MemorySegment second = MemorySegment.ofArray(late);

    Bytes written = new Bytes();
    RamStreamWriter writer =
        new RamStreamWriter(
            written.sink(),
            List.of(new RamBlockEntry("m0", 3 * PAGE), new RamBlockEntry("nv", PAGE)));
    writer.start("none");
    assertEquals(
        new PageCount(1, 2, 5 + (8 + 1 + 2 + 1) + (8 + PAGE) + (8 + 1)),
        writer.write(0, first, 0, 3 * PAGE));
    writer.write(1, second, 0, PAGE);
    writer.write(0, first, 2 * PAGE, PAGE);
    writer.endPart();
    writer.write(0, first, PAGE, PAGE);
    writer.finish();

    Bytes expected =
        new Bytes()
            .text("QEVM")
            .u32(3)
            .u8(7)
            .u32(4)
            .text("none")
            .u8(1)
            .u32(2)
            .u8(3)
            .text("ram")
            .u32(0)
            .u32(4)
            .u64(4 * PAGE | 0x04)
            .u8(2)
            .text("m0")
            .u64(3 * PAGE)
            .u8(2)
            .text("nv")
            .u64(PAGE)
            .u64(0x10)
            .u8(0x7e)
            .u32(2);
    expected
        .u8(2)
        .u32(2)
        .u64(0x02)
        .u8(2)
        .text("m0")
        .u8(0)
        .u64(PAGE | 0x28)
        .bytes(full)
        .u64(2 * PAGE | 0x22)
        .u8(0)
        .u64(0x08)
        .u8(2)
        .text("nv")
        .bytes(late)
        .u64(2 * PAGE | 0x02)
        .u8(2)
        .text("m0")
        .u8(0)
        .u64(0x10)
        .u8(0x7e)
        .u32(2);
    expected.u8(2).u32(2).u64(PAGE | 0x08).u8(2).text("m0").bytes(full).u64(0x10).u8(0x7e).u32(2);
    String description = "{\"page_size\":4096,\"devices\":[]}";
    expected
        .u8(3)
        .u32(2)
        .u64(0x10)
        .u8(0x7e)
        .u32(2)
        .u8(0)
        .u8(6)
        .u32(description.length())
        .text(description);
    assertArrayEquals(expected.toArray(), written.toArray());
    assertEquals(new PageCount(3, 3, written.toArray().length), writer.total());
  }

  @Test
  @DisplayName("a range is sent as all pages that it touches")
  void wholePages() throws Exception {
    Bytes written = new Bytes();
    MemorySegment memory = MemorySegment.ofArray(new byte[4 * PAGE]);
    RamStreamWriter writer =
        new RamStreamWriter(written.sink(), List.of(new RamBlockEntry("m0", 4 * PAGE)));
    writer.start("none");
    assertEquals(2, writer.write(0, memory, PAGE - 1, 2).zero());
    assertEquals(1, writer.write(0, memory, PAGE, 1).zero());
    assertEquals(4, writer.write(0, memory, 1, 4 * PAGE - 1).zero());
    assertEquals(PageCount.NONE, writer.write(0, memory, PAGE, 0));
    assertThrows(
        IndexOutOfBoundsException.class, () -> writer.write(0, memory, PAGE, 3 * PAGE + 1));
    assertThrows(IndexOutOfBoundsException.class, () -> writer.write(1, memory, 0, PAGE));
    assertThrows(
        IllegalArgumentException.class,
        () -> writer.write(0, memory.asSlice(PAGE), 0, PAGE),
        "memory of another size");
  }

  @Test
  @DisplayName("steps come in their order, and a part without pages is none")
  void order() throws Exception {
    Bytes written = new Bytes();
    MemorySegment memory = MemorySegment.ofArray(new byte[PAGE]);
    RamStreamWriter writer =
        new RamStreamWriter(written.sink(), List.of(new RamBlockEntry("m0", PAGE)));
    assertThrows(IllegalStateException.class, () -> writer.write(0, memory, 0, PAGE));
    assertThrows(IllegalStateException.class, writer::finish);
    writer.start("none");
    assertThrows(IllegalStateException.class, () -> writer.start("none"));
    writer.endPart();
    int length = written.toArray().length;
    writer.endPart();
    assertEquals(length, written.toArray().length);
    writer.finish();
    assertThrows(IllegalStateException.class, () -> writer.write(0, memory, 0, PAGE));
  }

  @Test
  @DisplayName("blocks that no stream can have are refused")
  void blocks() {
    assertThrows(IllegalArgumentException.class, () -> new RamBlockEntry("", PAGE));
    assertThrows(IllegalArgumentException.class, () -> new RamBlockEntry("x".repeat(256), PAGE));
    assertThrows(IllegalArgumentException.class, () -> new RamBlockEntry("a\u001b[2J", PAGE));
    assertThrows(IllegalArgumentException.class, () -> new RamBlockEntry("a", PAGE - 1));
    assertThrows(IllegalArgumentException.class, () -> new RamBlockEntry("a", 0));
    assertThrows(IllegalArgumentException.class, () -> new RamBlockEntry("a", -PAGE));
    RamBlockEntry huge = new RamBlockEntry("a", Long.MAX_VALUE & -PAGE);
    Bytes written = new Bytes();
    assertThrows(
        IllegalArgumentException.class,
        () -> new RamStreamWriter(written.sink(), List.of(huge, huge)));
    assertThrows(
        IllegalArgumentException.class,
        () -> new RamStreamWriter(written.sink(), List.of(huge, new RamBlockEntry("b", PAGE))));
  }
}
