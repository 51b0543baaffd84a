package holdfast.machine.migration.internal.stream;

import static holdfast.machine.migration.internal.stream.RamStreamFormat.LONGEST_NAME;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Takes a stream in large pieces and hands it out in small ones. Used by one thread. */
final class StreamInput {
  /** How much is taken at once: it stays in a processor's own cache meanwhile. */
  static final int PIECE = 1 << 18;

  private final ReadableByteChannel from;
  private final ByteBuffer buffer;
  private final MemorySegment memory;

  /** The position in the stream of the first byte that is not in the buffer. */
  private long taken;

  StreamInput(ReadableByteChannel from, int piece) {
    this.from = from;
    this.buffer = ByteBuffer.allocateDirect(piece);
    this.memory = MemorySegment.ofBuffer(buffer).asReadOnly();
    buffer.flip();
  }

  /** Returns how many bytes of the stream were handed out. */
  long position() {
    return taken - buffer.remaining();
  }

  int u8(String what) throws IOException {
    require(Byte.BYTES, what);
    return Byte.toUnsignedInt(buffer.get());
  }

  int u32(String what) throws IOException {
    require(Integer.BYTES, what);
    return buffer.getInt();
  }

  long u64(String what) throws IOException {
    require(Long.BYTES, what);
    return buffer.getLong();
  }

  /** Reads a name that has its length in one byte before it. */
  String name(String what) throws IOException {
    return text(u8(what), what);
  }

  /** Reads a name, of a length that the peer claims. */
  String text(int length, String what) throws IOException {
    long at = position();
    if (length < 0 || length > LONGEST_NAME) {
      throw new StreamFormatException(
          what
              + " is to have "
              + Integer.toUnsignedString(length)
              + " bytes; no more than "
              + LONGEST_NAME
              + " are possible",
          at);
    }
    require(length, what);
    byte[] bytes = new byte[length];
    buffer.get(bytes);
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      if (RamBlockEntry.isName(text)) {
        return text;
      }
    } catch (CharacterCodingException e) {
      // told below
    }
    throw new StreamFormatException(what + " is no text that can be shown", at);
  }

  /** Returns the next bytes, which are valid until more is read. */
  MemorySegment bytes(int length, String what) throws IOException {
    require(length, what);
    int at = buffer.position();
    buffer.position(at + length);
    return memory.asSlice(at, length);
  }

  /** Returns how many bytes are here. */
  int buffered() {
    return buffer.remaining();
  }

  /** Returns the number that is so many bytes further on, of those that are here. */
  long buffered(int ahead) {
    return buffer.getLong(buffer.position() + ahead);
  }

  /** Returns the next byte without handing it out. */
  int peek(String what) throws IOException {
    require(Byte.BYTES, what);
    return Byte.toUnsignedInt(buffer.get(buffer.position()));
  }

  /**
   * Drops what is left until the stream's end.
   *
   * @return whether the end came within so many bytes
   */
  boolean drop(long atMost) throws IOException {
    for (long left = atMost - buffer.remaining(); left >= 0; ) {
      buffer.clear();
      int more = from.read(buffer);
      buffer.flip();
      if (more < 0) {
        buffer.position(buffer.limit());
        return true;
      }
      taken += more;
      left -= more;
    }
    return false;
  }

  private void require(int length, String what) throws IOException {
    if (buffer.remaining() < length) {
      take(length, what);
    }
  }

  private void take(int length, String what) throws IOException {
    buffer.compact();
    try {
      while (buffer.position() < length) {
        int more = from.read(buffer);
        if (more < 0) {
          throw new StreamEndedException(what, taken);
        }
        taken += more;
      }
    } finally {
      buffer.flip();
    }
  }
}
