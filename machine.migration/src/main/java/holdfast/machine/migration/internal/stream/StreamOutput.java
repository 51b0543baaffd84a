package holdfast.machine.migration.internal.stream;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;

/** Gathers a stream and hands it over in large pieces. Used by one thread. */
final class StreamOutput {
  /** How much is handed over at once: it stays in a processor's own cache meanwhile. */
  static final int PIECE = 1 << 18;

  private final WritableByteChannel to;
  private final ByteBuffer buffer;
  private final MemorySegment memory;
  private long handedOver;

  StreamOutput(WritableByteChannel to, int piece) {
    this.to = to;
    this.buffer = ByteBuffer.allocateDirect(piece);
    this.memory = MemorySegment.ofBuffer(buffer);
  }

  /** Returns how many bytes the stream has so far. */
  long position() {
    return handedOver + buffer.position();
  }

  /** Makes room for so many bytes, which are not more than a piece. */
  void reserve(int length) throws IOException {
    if (buffer.remaining() < length) {
      flush();
    }
  }

  void u8(int value) throws IOException {
    reserve(Byte.BYTES);
    buffer.put((byte) value);
  }

  void u32(int value) throws IOException {
    reserve(Integer.BYTES);
    buffer.putInt(value);
  }

  void u64(long value) throws IOException {
    reserve(Long.BYTES);
    buffer.putLong(value);
  }

  /** Writes a text's length in one byte, and the text. */
  void name(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    u8(bytes.length);
    put(bytes);
  }

  /** Writes a text's length in four bytes, and the text. */
  void text(String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    u32(bytes.length);
    put(bytes);
  }

  private void put(byte[] bytes) throws IOException {
    reserve(bytes.length);
    buffer.put(bytes);
  }

  /** Returns the memory in which the stream is gathered, for what is written there directly. */
  MemorySegment memory() {
    return memory;
  }

  /** Returns where in the memory the stream goes on. */
  int at() {
    return buffer.position();
  }

  /** Adds to the stream what was written into the memory. */
  void advance(int length) {
    buffer.position(buffer.position() + length);
  }

  /** Hands over all that was gathered. */
  void flush() throws IOException {
    buffer.flip();
    try {
      while (buffer.hasRemaining()) {
        handedOver += to.write(buffer);
      }
    } finally {
      buffer.compact();
    }
  }
}
