package holdfast.machine.migration.internal.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ReadableByteChannel;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is not read is refused with a sentence that says what it is. */
class RamStreamRefusalTest {
  private static final int PAGE = RamStreamFormat.TARGET_PAGE_SIZE;

  private static ReceivedRam read(Bytes stream) throws IOException {
    return read(stream.channel());
  }

  private static ReceivedRam read(ReadableByteChannel stream) throws IOException {
    MemorySegment memory = MemorySegment.ofArray(new byte[4 * PAGE]);
    return new RamStreamReader(stream, new SegmentSink(Map.of("m0", memory), false)).read();
  }

  private static void assertRefused(Bytes stream, String words) {
    StreamFormatException refused =
        assertThrows(StreamFormatException.class, () -> read(stream), words);
    assertTrue(refused.getMessage().contains(words), refused.getMessage());
  }

  /** A stream with a block, and a part that has something of its own. */
  private static Bytes part(UnaryOperator<Bytes> own) {
    return own.apply(new Bytes().begin().block("m0", 4 * PAGE).part()).end().last();
  }

  @ParameterizedTest
  @CsvSource({
    "0x40, xbzrle",
    "0x60, xbzrle",
    "0x80, rdma-pin-all",
    "0x100, compress",
    "0x200, multifd"
  })
  @DisplayName("a page in a way that can't be read names the capability to switch off")
  void capabilities(String flag, String capability) {
    int flags = Integer.decode(flag);
    assertRefused(part(it -> it.u64(PAGE | flags).name("m0")), capability);
    assertRefused(
        part(it -> it.u64(PAGE | flags).name("m0")),
        "flag 0x" + Integer.toHexString(flags & ~0x20));
  }

  @ParameterizedTest
  @CsvSource({"0x0", "0x01", "0x20", "0x0a", "0x18", "0x30", "0x24", "0x400", "0x1010"})
  @DisplayName("flags that mean nothing are refused")
  void unknownFlags(String flags) {
    assertRefused(part(it -> it.u64(Long.decode(flags)).name("m0")), "flags 0x");
  }

  @Test
  @DisplayName("pages outside their block, or of none, are refused")
  void outside() {
    assertRefused(part(it -> it.u64(4 * PAGE | 2).name("m0").u8(0)), "at 16384 of the RAM block");
    assertRefused(part(it -> it.u64(-PAGE | 2).name("m0").u8(0)), "18446744073709547520");
    assertRefused(part(it -> it.u64(Long.MIN_VALUE | 2).name("m0").u8(0)), "RAM block");
    assertRefused(part(it -> it.u64(0x22).u8(0)), "before any RAM block is named");
    assertRefused(part(it -> it.u64(2).name("m1").u8(0)), "'m1'");
    assertRefused(part(it -> it.u64(2).name("m0").u8(7)), "to be zero and to be 7");
    assertRefused(part(it -> it.u64(2).name("m\u0007").u8(0)), "no text that can be shown");
    assertRefused(part(it -> it.u64(2).u8(1).u8(0xff).u8(0)), "no text that can be shown");
  }

  @Test
  @DisplayName("a block list that contradicts itself, or never ends, is refused")
  void blockLists() {
    Bytes begun = new Bytes().begin();
    assertRefused(begun.u64(PAGE | 4).name("m0").u64(2 * PAGE), "4096 are left");
    assertRefused(new Bytes().begin().u64(PAGE | 4).name("m0").u64(0), "to have 0 bytes");
    assertRefused(new Bytes().begin().u64(PAGE | 4).name("m0").u64(100), "to have 100 bytes");
    assertRefused(new Bytes().begin().u64(-PAGE | 4).name("m0").u64(-PAGE), "m0");
    assertRefused(
        new Bytes().begin().u64(8 * PAGE | 4).name("m0").u64(PAGE).name("m0").u64(PAGE), "twice");
    assertRefused(part(it -> it.u64(PAGE | 4).name("m1").u64(PAGE)), "second block list");
    assertRefused(new Bytes().begin().end(), "without a block list");
    Bytes endless = new Bytes().begin().u64(-PAGE | 4);
    for (int i = 0; i < 2000; i++) {
      endless.name("m" + i).u64(PAGE);
    }
    assertRefused(endless, "more than 1024");
  }

  @Test
  @DisplayName("sections that are not RAM's, or out of order, are refused")
  void sections() {
    assertRefused(new Bytes().u32(0x51454d55).u32(3), "0x51454d55");
    assertRefused(new Bytes().u32(0x5145564d).u32(2), "version 2");
    Bytes head = new Bytes().u32(0x5145564d).u32(3);
    assertRefused(head.u8(8).u32(0), "return-path");
    assertRefused(
        new Bytes().u32(0x5145564d).u32(3).u8(4).u32(0).name("early").u32(0).u32(1), "'early'");
    assertRefused(
        new Bytes().u32(0x5145564d).u32(3).u8(1).u32(0).name("block").u32(0).u32(1), "'block'");
    assertRefused(
        new Bytes().u32(0x5145564d).u32(3).u8(1).u32(2).name("ram").u32(0).u32(5), "version 5");
    assertRefused(new Bytes().u32(0x5145564d).u32(3).u8(2).u32(2), "RAM was to start");
    Bytes started = new Bytes().begin().block("m0", 4 * PAGE);
    assertRefused(started.u8(4).u32(2), "RAM has not ended");
    assertRefused(
        new Bytes().begin().block("m0", 4 * PAGE).u8(2).u32(3),
        "number is 3, but that of RAM is 2");
    assertRefused(new Bytes().begin().block("m0", 4 * PAGE).u8(3).u32(2).u64(0x10).u8(0), "footer");
    assertRefused(
        new Bytes().begin().block("m0", 4 * PAGE).u8(3).u32(2).u64(0x10).u8(0x7e).u32(9), "is 9");
    assertRefused(new Bytes().begin().block("m0", 4 * PAGE).u8(3).u32(2).end().u8(8), "0x08");
  }

  @Test
  @DisplayName("a configuration is read with what QEMU may add, and refused where that matters")
  void configuration() throws Exception {
    byte[] uuid = new byte[16];
    Bytes known =
        configured()
            .subsection("configuration/uuid", it -> it.bytes(uuid))
            .subsection("configuration/target-page-bits", it -> it.u32(12))
            .subsection("configuration/capabilities", it -> it.u32(0))
            .stream();
    assertEquals(Optional.of("none"), read(known.start().block("m0", 4 * PAGE).last()).machine());
    assertRefused(
        configured().subsection("configuration/target-page-bits", it -> it.u32(16)).stream(),
        "2^16");
    assertRefused(
        configured()
            .subsection("configuration/capabilities", it -> it.u32(1).name("x-ignore-shared"))
            .stream(),
        "'x-ignore-shared'");
    assertRefused(
        configured().subsection("configuration/capabilities", it -> it.u32(-1)).stream(),
        "4294967295 capabilities");
    assertRefused(
        configured().subsection("configuration/future", it -> it.u32(1)).stream(),
        "'configuration/future', version 1");
    assertRefused(
        new Bytes().u32(0x5145564d).u32(3).u8(7).u32(1 << 30), "is to have 1073741824 bytes");
    Bytes without = new Bytes().u32(0x5145564d).u32(3).start().block("m0", 4 * PAGE).last();
    assertEquals(Optional.empty(), read(without).machine());
  }

  private static Configured configured() {
    return new Configured(new Bytes().u32(0x5145564d).u32(3).u8(7).u32(4).text("none"));
  }

  /** A stream up to its configuration. */
  private record Configured(Bytes stream) {
    Configured subsection(String name, UnaryOperator<Bytes> content) {
      return new Configured(content.apply(stream.u8(5).name(name).u32(1)));
    }
  }

  @Test
  @DisplayName("blocks that are not the receiver's are refused with what both have")
  void mismatches() {
    assertMismatch(
        "m1",
        "the sender has a RAM block 'm1' of 16384 bytes, the receiver has only 'm0' of 16384 bytes",
        new Bytes().begin().block("m1", 4 * PAGE));
    assertMismatch(
        "m0",
        "the RAM block 'm0' has 8192 bytes at the sender and 16384 at the receiver",
        new Bytes().begin().block("m0", 2 * PAGE));
    assertMismatch(
        "m0",
        "the receiver has a RAM block 'm0' of 16384 bytes, the sender has only none",
        new Bytes().begin().u64(4).end());
  }

  private static void assertMismatch(String block, String sentence, Bytes stream) {
    BlockMismatchException refused =
        assertThrows(BlockMismatchException.class, () -> read(stream.last()));
    assertEquals(block, refused.block());
    assertTrue(refused.getMessage().startsWith(sentence), refused.getMessage());
  }

  @Test
  @DisplayName("the one command that a QEMU sends unasked is read, and any other refused")
  void commands() throws Exception {
    Bytes begun = new Bytes().begin().block("m0", 4 * PAGE);
    ReceivedRam received = read(begun.part().end().u8(8).u32(0x000b_0000).last());
    assertEquals(Optional.of("none"), received.machine());
    assertRefused(
        new Bytes().begin().block("m0", 4 * PAGE).u8(8).u32(0x0002_0004).u32(7).last(),
        "command 2 with 4 bytes");
  }

  @Test
  @DisplayName("the state of devices ends RAM, and the rest can be dropped")
  void devices() throws Exception {
    Bytes stream =
        new Bytes().begin().block("m0", 4 * PAGE).u8(3).u32(2).end().u8(4).u32(0).name("timer");
    stream.bytes(new byte[1_000_000]);
    for (int limit : new int[] {1_000_000, 999_999, 0}) {
      MemorySegment memory = MemorySegment.ofArray(new byte[4 * PAGE]);
      RamStreamReader reader =
          new RamStreamReader(stream.channel(), new SegmentSink(Map.of("m0", memory), false));
      assertEquals(Optional.of("timer"), reader.read().device());
      assertEquals(limit == 1_000_000, reader.dropRest(limit));
    }
  }

  @Test
  @DisplayName("pages without end cost no memory, and end when the channel does")
  void endlessPages() {
    byte[] prefix =
        new Bytes().begin().block("m0", 4 * PAGE).part().u64(2).name("m0").u8(0).toArray();
    byte[] page = new Bytes().u64(PAGE | 0x22).u8(0).u64(3 * PAGE | 0x22).u8(0).toArray();
    long limit = 50_000_000L / page.length * page.length;
    ReadableByteChannel endless =
        new ReadableByteChannel() {
          private final ByteBuffer first = ByteBuffer.wrap(prefix);
          private long sent;

          @Override
          public int read(ByteBuffer into) throws IOException {
            int before = into.position();
            while (first.hasRemaining() && into.hasRemaining()) {
              into.put(first.get());
            }
            while (into.hasRemaining()) {
              if (sent == limit) {
                throw new AsynchronousCloseException();
              }
              into.put(page[(int) (sent++ % page.length)]);
            }
            return into.position() - before;
          }

          @Override
          public boolean isOpen() {
            return true;
          }

          @Override
          public void close() {}
        };
    assertThrows(AsynchronousCloseException.class, () -> read(endless));
  }
}
