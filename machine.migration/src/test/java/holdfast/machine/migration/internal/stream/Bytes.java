package holdfast.machine.migration.internal.stream;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** A stream in memory, laid down number by number, and channels over such. */
final class Bytes {
  private final ByteArrayOutputStream content = new ByteArrayOutputStream();

  /** Adds what a stream begins with: its version, the machine's type, where RAM starts. */
  Bytes begin() {
    return u32(0x5145564d).u32(3).u8(7).u32(4).text("none").start();
  }

  /** Adds the start of RAM's section, up to its records. */
  Bytes start() {
    return u8(1).u32(2).name("ram").u32(0).u32(4);
  }

  /** Adds the block list of one block, and the end of the section. */
  Bytes block(String name, long size) {
    return u64(size | 4).name(name).u64(size).end();
  }

  /** Adds the beginning of a part. */
  Bytes part() {
    return u8(2).u32(2);
  }

  /** Adds the end of a section. */
  Bytes end() {
    return u64(0x10).u8(0x7e).u32(2);
  }

  /** Adds the last section, and the end of the stream. */
  Bytes last() {
    return u8(3).u32(2).end().u8(0);
  }

  Bytes u8(int value) {
    content.write(value);
    return this;
  }

  Bytes u32(int value) {
    return bytes(ByteBuffer.allocate(Integer.BYTES).putInt(value).array());
  }

  Bytes u64(long value) {
    return bytes(ByteBuffer.allocate(Long.BYTES).putLong(value).array());
  }

  Bytes text(String text) {
    return bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  Bytes name(String name) {
    return u8(name.getBytes(StandardCharsets.UTF_8).length).text(name);
  }

  Bytes bytes(byte[] bytes) {
    content.writeBytes(bytes);
    return this;
  }

  byte[] toArray() {
    return content.toByteArray();
  }

  ReadableByteChannel channel() {
    return channel(toArray());
  }

  static ReadableByteChannel channel(byte[] stream) {
    return Channels.newChannel(new ByteArrayInputStream(stream));
  }

  /** Takes all that is written. */
  WritableByteChannel sink() {
    return Channels.newChannel(content);
  }

  /** A channel that gives as little at once as a network may. */
  static ReadableByteChannel dribbling(byte[] stream, Random random) {
    return new ReadableByteChannel() {
      private final ByteBuffer left = ByteBuffer.wrap(stream);

      @Override
      public int read(ByteBuffer into) {
        if (!left.hasRemaining()) {
          return -1;
        }
        int count =
            Math.min(Math.min(left.remaining(), into.remaining()), 1 + random.nextInt(5000));
        into.put(left.slice(left.position(), count));
        left.position(left.position() + count);
        return count;
      }

      @Override
      public boolean isOpen() {
        return true;
      }

      @Override
      public void close() {}
    };
  }

  /** Memory of so many pages with random content, some of them zero. */
  static MemorySegment memory(int pages, Random random) {
    byte[] content = new byte[pages * RamStreamFormat.TARGET_PAGE_SIZE];
    random.nextBytes(content);
    MemorySegment memory = MemorySegment.ofArray(content);
    for (int page = 0; page < pages; page++) {
      MemorySegment each = page(memory, page);
      switch (random.nextInt(6)) {
        case 0, 1 -> each.fill((byte) 0);
        case 2 -> {
          each.fill((byte) 0);
          each.set(ValueLayout.JAVA_BYTE, random.nextLong(each.byteSize()), (byte) 1);
        }
        default -> {}
      }
    }
    return memory;
  }

  static MemorySegment page(MemorySegment memory, int page) {
    return memory.asSlice(
        (long) page * RamStreamFormat.TARGET_PAGE_SIZE, RamStreamFormat.TARGET_PAGE_SIZE);
  }
}
