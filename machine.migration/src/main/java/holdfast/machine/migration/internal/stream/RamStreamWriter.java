package holdfast.machine.migration.internal.stream;

import static holdfast.machine.migration.internal.stream.RamStreamFormat.FLAG_BLOCKS;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.FLAG_END;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.FLAG_PAGE;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.FLAG_SAME_BLOCK;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.FLAG_ZERO;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.LONGEST_NAME;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.TARGET_PAGE_SIZE;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Writes the stream of a machine that has RAM and no devices. A QEMU takes it in that was started
 * with {@code -incoming}, a machine of the same type, and blocks of the same names and sizes.
 *
 * <p>{@link #start}, then any number of pages in any order, and {@link #endPart} where a round
 * ends, then {@link #finish}. Pages may be stored into meanwhile; they are to be written again
 * then. Used by one thread. After an exception the stream can't be continued.
 */
public final class RamStreamWriter {
  /** What QEMU gives to RAM; it could be any. */
  private static final int SECTION = 2;

  private static final ValueLayout.OfLong BIG_ENDIAN =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[TARGET_PAGE_SIZE]);

  /** A page with all that can be before it. */
  static final int LONGEST_RECORD = Long.BYTES + Byte.BYTES + LONGEST_NAME + TARGET_PAGE_SIZE;

  /** After so many zero pages all is handed over: they fill no buffer, and the peer would wait. */
  private static final int MOST_SILENT = 2048;

  private static final int NO_BLOCK = -1;

  private final StreamOutput out;
  private final List<RamBlockEntry> blocks;
  private final ZeroRuns zeroRuns = new ZeroRuns();
  private State state = State.NEW;

  /** Zero pages since all was handed over because of them. */
  private int silent;

  private PageCount total = PageCount.NONE;

  /** The block of the last page in this part. */
  private int last = NO_BLOCK;

  private enum State {
    NEW,
    BETWEEN_PARTS,
    IN_PART,
    FINISHED
  }

  /**
   * @param to receives the stream; in blocking mode
   * @param blocks what is sent
   * @throws IllegalArgumentException if two have the same name, or they are too long together
   */
  public RamStreamWriter(WritableByteChannel to, List<RamBlockEntry> blocks) {
    this(to, blocks, StreamOutput.PIECE);
  }

  /**
   * @param piece how much is handed over at once; {@link #LONGEST_RECORD} at least
   */
  RamStreamWriter(WritableByteChannel to, List<RamBlockEntry> blocks, int piece) {
    this.out = new StreamOutput(to, piece);
    this.blocks = List.copyOf(blocks);
    Set<String> names = new HashSet<>();
    long size = 0;
    for (RamBlockEntry each : blocks) {
      size += each.size();
      if (!names.add(each.name()) || size < 0) {
        throw new IllegalArgumentException(
            "no stream can have these blocks together: " + this.blocks);
      }
    }
  }

  /**
   * Writes all that is before the pages.
   *
   * @param machine the machine's type, as the receiving QEMU has it: {@code none}, {@code
   *     pc-i440fx-7.2}
   */
  public void start(String machine) throws IOException {
    enter(State.NEW, State.BETWEEN_PARTS);
    if (!RamBlockEntry.isName(machine)) {
      throw new IllegalArgumentException("a machine can't have such a type");
    }
    out.u32(RamStreamFormat.MAGIC);
    out.u32(RamStreamFormat.VERSION);
    out.u8(RamStreamFormat.CONFIGURATION);
    out.text(machine);
    out.u8(RamStreamFormat.SECTION_START);
    out.u32(SECTION);
    out.name(RamStreamFormat.RAM);
    out.u32(0);
    out.u32(RamStreamFormat.RAM_VERSION);
    out.u64(blocks.stream().mapToLong(RamBlockEntry::size).sum() | FLAG_BLOCKS);
    for (RamBlockEntry each : blocks) {
      out.name(each.name());
      out.u64(each.size());
    }
    endSection();
    count(0, 0, 0);
  }

  /**
   * Writes all pages that a range touches, as they are now. What is sent of a page is one copy of
   * it, torn if it is stored into at the same time. Some of it is handed over only by {@link
   * #endPart}.
   *
   * @param block counted from 0
   * @param memory the block's, of its size
   * @return what was written
   * @throws IndexOutOfBoundsException if the range is not within the block
   * @throws InternalError if a page of the memory is lost; it may be reported late
   */
  public PageCount write(int block, MemorySegment memory, long offset, long length)
      throws IOException {
    RamBlockEntry entry = blocks.get(block);
    if (memory.byteSize() != entry.size()) {
      throw new IllegalArgumentException(
          "the memory of RAM block " + entry + " has " + memory.byteSize());
    }
    Objects.checkFromIndexSize(offset, length, entry.size());
    if (length == 0) {
      return PageCount.NONE;
    }
    long before = out.position();
    if (state != State.IN_PART) {
      enter(State.BETWEEN_PARTS, State.IN_PART);
      startSection(RamStreamFormat.SECTION_PART);
      last = NO_BLOCK;
    }
    long from = offset & -TARGET_PAGE_SIZE;
    long to = Math.ceilDiv(offset + length, TARGET_PAGE_SIZE) * TARGET_PAGE_SIZE;
    long zero = pages(block, memory, from, to);
    return count((to - from) / TARGET_PAGE_SIZE - zero, zero, before);
  }

  /** Writes pages; returns how many of them are zero. */
  private long pages(int block, MemorySegment memory, long from, long to) throws IOException {
    long zero = 0;
    boolean more = false;
    for (long at = from; at < to; ) {
      int run = more ? zeroRuns.pages(memory, at, to) : 0;
      if (run > 0) {
        zeros(at, run);
      } else {
        more = page(block, memory, at);
        run = 1;
      }
      zero += more ? run : 0;
      at += (long) run * TARGET_PAGE_SIZE;
    }
    return zero;
  }

  /** Writes that pages are zero, of the block of the page before. */
  private void zeros(long offset, int pages) throws IOException {
    for (int i = 0; i < pages; i++) {
      out.u64(offset + (long) i * TARGET_PAGE_SIZE | FLAG_SAME_BLOCK | FLAG_ZERO);
      out.u8(0);
    }
    silent += pages;
    if (silent >= MOST_SILENT) {
      out.flush();
      silent = 0;
    }
  }

  /** Writes one page; returns whether all its bytes are zero. */
  private boolean page(int block, MemorySegment memory, long offset) throws IOException {
    out.reserve(LONGEST_RECORD);
    MemorySegment own = out.memory();
    int head = out.at();
    int content = head + Long.BYTES + nameOf(block, head + Long.BYTES);
    // SAFETY: zeros are looked for in our copy, not in guest memory. When a page is lost because
    // its file was truncated, a copy turns the fault into an InternalError; compiled code of
    // MemorySegment.mismatch can end the JVM instead. And what is sent is what was looked at.
    MemorySegment.copy(memory, offset, own, content, TARGET_PAGE_SIZE);
    long same = block == last ? FLAG_SAME_BLOCK : 0;
    last = block;
    if (isZero(own, content)) {
      own.set(BIG_ENDIAN, head, offset | same | FLAG_ZERO);
      own.set(ValueLayout.JAVA_BYTE, content, (byte) 0);
      out.advance(content - head + Byte.BYTES);
      return true;
    }
    own.set(BIG_ENDIAN, head, offset | same | FLAG_PAGE);
    out.advance(content - head + TARGET_PAGE_SIZE);
    return false;
  }

  /** Lays the block's name there, unless it is that of the page before; returns its length. */
  private int nameOf(int block, int at) {
    if (block == last) {
      return 0;
    }
    byte[] name = blocks.get(block).name().getBytes(StandardCharsets.UTF_8);
    out.memory().set(ValueLayout.JAVA_BYTE, at, (byte) name.length);
    MemorySegment.copy(name, 0, out.memory(), ValueLayout.JAVA_BYTE, at + Byte.BYTES, name.length);
    return Byte.BYTES + name.length;
  }

  private static boolean isZero(MemorySegment own, int at) {
    return own.get(BIG_ENDIAN, at) == 0
        && MemorySegment.mismatch(own, at, at + TARGET_PAGE_SIZE, ZEROS, 0, TARGET_PAGE_SIZE) < 0;
  }

  /** Ends the part with the pages so far, if there are any, and hands all over. */
  public void endPart() throws IOException {
    if (state == State.IN_PART) {
      long before = out.position();
      enter(State.IN_PART, State.BETWEEN_PARTS);
      endSection();
      count(0, 0, before);
    }
    out.flush();
  }

  /** Ends the part and the stream, and hands all over. The channel stays open. */
  public void finish() throws IOException {
    endPart();
    long before = out.position();
    enter(State.BETWEEN_PARTS, State.FINISHED);
    startSection(RamStreamFormat.SECTION_END);
    endSection();
    out.u8(RamStreamFormat.END_OF_STREAM);
    out.u8(RamStreamFormat.DESCRIPTION);
    out.text(description());
    out.flush();
    count(0, 0, before);
  }

  /**
   * The devices, for who analyzes a stream; a QEMU complains where it is missing. RAM is not among
   * them: analyze-migration.py of QEMU 7.2 would fail.
   */
  private static String description() throws IOException {
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("page_size", TARGET_PAGE_SIZE);
    content.put("devices", List.of());
    return JSON.std.asString(content);
  }

  /** Returns what was written of the whole stream, whether or not it was handed over yet. */
  public PageCount total() {
    return total;
  }

  private void startSection(int type) throws IOException {
    out.u8(type);
    out.u32(SECTION);
  }

  private void endSection() throws IOException {
    out.u64(FLAG_END);
    out.u8(RamStreamFormat.FOOTER);
    out.u32(SECTION);
  }

  private PageCount count(long normal, long zero, long before) {
    PageCount more = new PageCount(normal, zero, out.position() - before);
    total = total.plus(more);
    return more;
  }

  private void enter(State from, State to) {
    if (state != from) {
      throw new IllegalStateException("the stream is " + state + ", not " + from);
    }
    state = to;
  }
}
