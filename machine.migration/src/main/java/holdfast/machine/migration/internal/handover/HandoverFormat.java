package holdfast.machine.migration.internal.handover;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;

/**
 * What is said when files are handed over. The giver sends {@link #MAGIC}, then for each memory
 * backend the length of its id and the id, with the descriptor, and at the end a length of 0. The
 * taker answers {@link #READY} or {@link #REFUSED}, the length of a sentence, and the sentence.
 * Lengths are two bytes, big endian.
 */
public final class HandoverFormat {
  /** Begins what a giver sends. */
  public static final int MAGIC = 0x48464431; // HFD1

  /** The longest id of a memory backend, in bytes. */
  static final int LONGEST_ID = 1024;

  /** No machine has as many memory backends. */
  static final int MOST = 4096;

  static final byte READY = 0;
  static final byte REFUSED = 1;

  private static final int LONGEST_SENTENCE = 4096;

  /** How long one that is connected may take for what it has to say. */
  static final Duration PROMPT = Duration.ofSeconds(10);

  private HandoverFormat() {}

  static byte[] magic() {
    return ByteBuffer.allocate(Integer.BYTES).putInt(MAGIC).array();
  }

  static byte[] entry(String id) {
    byte[] name = id.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(Short.BYTES + name.length)
        .putShort((short) name.length)
        .put(name)
        .array();
  }

  /** Returns what a taker answers. */
  static byte[] answer(byte kind, String sentence) {
    byte[] text = sentence.getBytes(StandardCharsets.UTF_8);
    byte[] sent = Arrays.copyOf(text, Math.min(text.length, LONGEST_SENTENCE));
    return ByteBuffer.allocate(Byte.BYTES + Short.BYTES + sent.length)
        .put(kind)
        .putShort((short) sent.length)
        .put(sent)
        .array();
  }

  /**
   * Answers to one that hands over again.
   *
   * @param refusal empty if it can go on
   */
  public static void answer(WritableByteChannel to, String refusal) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(answer(refusal.isEmpty() ? READY : REFUSED, refusal));
    while (bytes.hasRemaining()) {
      to.write(bytes);
    }
  }

  /** Reads to the end of what a giver sends behind {@link #MAGIC}. */
  public static void dropEntries(ReadableByteChannel from) throws IOException {
    for (int count = 0; count <= MOST; count++) {
      int length = read(from, Short.BYTES).getShort();
      if (length == 0) {
        return;
      }
      if (length < 0 || length > LONGEST_ID) {
        break;
      }
      read(from, length);
    }
    throw new IOException("it hands over more than a machine can have");
  }

  private static ByteBuffer read(ReadableByteChannel from, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (from.read(bytes) < 0) {
        throw new EOFException("it ended in the middle");
      }
    }
    return bytes.flip();
  }

  static int length(byte[] two) {
    return Short.toUnsignedInt(ByteBuffer.wrap(two).getShort());
  }

  /** Makes of a peer's text one that can stand in a sentence. */
  static String shown(byte[] text) {
    return new String(text, StandardCharsets.UTF_8).replaceAll("\\p{Cntrl}", " ");
  }
}
