package holdfast.machine.migration.internal.stream;

import static holdfast.machine.migration.internal.stream.RamStreamFormat.FLAGS;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.FLAG_BLOCKS;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.FLAG_COMPRESSED;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.FLAG_END;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.FLAG_HOOK;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.FLAG_MULTIFD_FLUSH;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.FLAG_PAGE;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.FLAG_SAME_BLOCK;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.FLAG_XBZRLE;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.FLAG_ZERO;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.TARGET_PAGE_SIZE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The records in the sections of RAM: the block list, then pages. */
final class RamRecords {
  /** More than any machine has: a machine of QEMU's has a dozen, and 256 slots for more. */
  private static final int MOST_BLOCKS = 1024;

  /** So many zero bytes are told at once, so that the sink works while more come. */
  private static final long LONGEST_RUN = 1 << 20;

  /** Of a page whose block is that of the page before. */
  private static final int RECORD_LENGTH = Long.BYTES + TARGET_PAGE_SIZE;

  /** So many pages side by side are told to the sink before they come. */
  private static final int WORTH_TELLING = 8;

  private static final String RECORD = "a page or the end of a section";
  private static final int NO_BLOCK = -1;

  private final StreamInput in;
  private final RamSink sink;
  private final Map<String, Integer> names = new HashMap<>();
  private final List<RamBlockEntry> blocks = new ArrayList<>();
  private boolean listed;

  /** The block of the last page, and its size. */
  private int block = NO_BLOCK;

  private long size;

  /** Zero pages that the sink was not told of yet: the last ones that came, side by side. */
  private int zeroBlock = NO_BLOCK;

  private long zeroFrom;
  private long zeroTo;

  /** How many of the next pages the sink knows of. */
  private int told;

  private long normal;
  private long zero;

  RamRecords(StreamInput in, RamSink sink) {
    this.in = in;
    this.sink = sink;
  }

  /** Reads the records of a section, with that which ends them. */
  void read() throws IOException {
    while (true) {
      long at = in.position();
      long head = in.u64(RECORD);
      int flags = (int) (head & FLAGS);
      long address = head - flags;
      switch (flags) {
        case FLAG_PAGE | FLAG_SAME_BLOCK -> page(address, at);
        case FLAG_ZERO | FLAG_SAME_BLOCK -> zero(address, at);
        case FLAG_PAGE -> {
          nextBlock();
          page(address, at);
        }
        case FLAG_ZERO -> {
          nextBlock();
          zero(address, at);
        }
        case FLAG_BLOCKS -> blockList(address, at);
        case FLAG_END -> {
          if (address != 0) {
            throw unknown(head, at);
          }
          tellZeros();
          return;
        }
        default -> throw unsupported(head, at);
      }
    }
  }

  private void nextBlock() throws IOException {
    long at = in.position();
    String name = in.name("a block's name");
    Integer known = names.get(name);
    if (known == null) {
      throw new StreamFormatException(
          "there is a page of a RAM block '" + name + "', which is not in the block list", at);
    }
    block = known;
    size = blocks.get(block).size();
  }

  private void page(long offset, long at) throws IOException {
    check(offset, at);
    if (zeroBlock != NO_BLOCK) {
      tellZeros();
    }
    MemorySegment content = in.bytes(TARGET_PAGE_SIZE, "a page's content");
    if (told == 0) {
      told = 1 + following(offset);
      if (told >= WORTH_TELLING) {
        sink.coming(block, offset, (long) told * TARGET_PAGE_SIZE);
      }
    }
    told--;
    sink.page(block, offset, content);
    normal++;
  }

  /**
   * Returns how many pages follow one, side by side, and are in the buffer, so that they are what
   * comes next.
   */
  private int following(long offset) {
    int pages = 0;
    long next = offset + TARGET_PAGE_SIZE;
    while (next <= size - TARGET_PAGE_SIZE
        && in.buffered() >= (pages + 1) * RECORD_LENGTH
        && in.buffered(pages * RECORD_LENGTH) == (next | FLAG_PAGE | FLAG_SAME_BLOCK)) {
      pages++;
      next += TARGET_PAGE_SIZE;
    }
    return pages;
  }

  private void zero(long offset, long at) throws IOException {
    check(offset, at);
    int fill = in.u8("a page's byte");
    if (fill != 0) {
      throw new StreamFormatException("a page is said to be zero and to be " + fill, at);
    }
    if (block != zeroBlock || offset != zeroTo || offset - zeroFrom >= LONGEST_RUN) {
      tellZeros();
      zeroBlock = block;
      zeroFrom = offset;
    }
    zeroTo = offset + TARGET_PAGE_SIZE;
    zero++;
  }

  private void tellZeros() throws IOException {
    if (zeroBlock != NO_BLOCK) {
      int told = zeroBlock;
      zeroBlock = NO_BLOCK;
      sink.zero(told, zeroFrom, zeroTo - zeroFrom);
    }
  }

  private void check(long offset, long at) throws StreamFormatException {
    if (block == NO_BLOCK) {
      throw new StreamFormatException("there is a page before any RAM block is named", at);
    }
    if (offset < 0 || offset > size - TARGET_PAGE_SIZE) {
      throw new StreamFormatException(
          "there is a page at %s of the RAM block %s"
              .formatted(Long.toUnsignedString(offset), blocks.get(block)),
          at);
    }
  }

  private void blockList(long total, long at) throws IOException {
    if (listed) {
      throw new StreamFormatException("there is a second block list", at);
    }
    listed = true;
    long left = total;
    while (left != 0) {
      RamBlockEntry entry = entry(left);
      left -= entry.size();
      if (names.putIfAbsent(entry.name(), blocks.size()) != null) {
        throw new StreamFormatException(
            "the RAM block '" + entry.name() + "' is listed twice", in.position());
      }
      blocks.add(entry);
      if (blocks.size() > MOST_BLOCKS) {
        throw new StreamFormatException(
            "there are more than " + MOST_BLOCKS + " RAM blocks", in.position());
      }
    }
    sink.blocks(List.copyOf(blocks));
  }

  private RamBlockEntry entry(long left) throws IOException {
    String name = in.name("a block's name");
    long at = in.position();
    long length = in.u64("a block's size");
    if (!RamBlockEntry.isSize(length) || Long.compareUnsigned(length, left) > 0) {
      throw new StreamFormatException(
          "the RAM block '%s' is to have %s bytes, where %s are left of all blocks' sum"
              .formatted(name, Long.toUnsignedString(length), Long.toUnsignedString(left)),
          at);
    }
    return new RamBlockEntry(name, length);
  }

  private static StreamFormatException unsupported(long head, long at) {
    String what =
        switch ((int) (head & FLAGS & ~FLAG_SAME_BLOCK)) {
          case FLAG_XBZRLE -> "is a difference to an earlier one (xbzrle)";
          case FLAG_HOOK -> "went over RDMA (rdma-pin-all)";
          case FLAG_COMPRESSED -> "is compressed (compress)";
          case FLAG_MULTIFD_FLUSH -> "went over a channel of its own (multifd)";
          default -> "";
        };
    if (what.isEmpty()) {
      return unknown(head, at);
    }
    return new StreamFormatException(
        "a page %s, which can't be read here (flag 0x%x): switch that capability off at the sender"
            .formatted(what, head & FLAGS & ~FLAG_SAME_BLOCK),
        at);
  }

  private static StreamFormatException unknown(long head, long at) {
    return new StreamFormatException(
        "%s was to come, but not 0x%x with the flags 0x%x".formatted(RECORD, head, head & FLAGS),
        at);
  }

  /** Returns whether the block list has come. */
  boolean listed() {
    return listed;
  }

  /** Returns what has come. */
  PageCount count() {
    return new PageCount(normal, zero, in.position());
  }
}
