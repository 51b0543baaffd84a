package holdfast.machine.migration.internal.peer;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * Sends and receives frames: the type in one byte, the length of the content in four, big endian,
 * and the content. What comes is believed for nothing: a frame that is not expected, or longer than
 * what is expected can be, ends it. Used by one thread; how long it takes is the caller's to limit,
 * by closing the channel.
 */
public final class Frames {
  /** Begins what a source sends; a QEMU's begins with QEVM. */
  public static final int MAGIC = 0x48464d31; // HFM1

  /** The longest sentence. */
  private static final int LONGEST_SENTENCE = 4096;

  /** The longest piece of RAM. */
  private static final int LONGEST_PIECE = 1 << 20;

  /** What a peer that expects TLS answers to anything else: an alert. */
  private static final int TLS_ALERT = 0x15;

  private static final int HEAD = Byte.BYTES + Integer.BYTES;

  private final ByteChannel channel;
  private final ByteBuffer head = ByteBuffer.allocateDirect(HEAD);

  /**
   * @param channel in blocking mode
   */
  public Frames(ByteChannel channel) {
    this.channel = channel;
  }

  /** Sends {@link #MAGIC}, once, before the first frame. */
  public void begin() throws IOException {
    write(ByteBuffer.allocate(Integer.BYTES).putInt(MAGIC).flip());
  }

  /** Sends a frame. */
  public void send(FrameType type, byte[] content) throws IOException {
    send(type, ByteBuffer.wrap(content));
  }

  /** Sends a frame whose content is a text. */
  public void send(FrameType type, String text) throws IOException {
    send(type, text.getBytes(StandardCharsets.UTF_8));
  }

  private void send(FrameType type, ByteBuffer content) throws IOException {
    head.clear().put((byte) type.code()).putInt(content.remaining()).flip();
    write(head);
    write(content);
  }

  private void write(ByteBuffer from) throws IOException {
    while (from.hasRemaining()) {
      channel.write(from);
    }
  }

  /**
   * Receives a frame of one type.
   *
   * @param most the longest content that it can have
   * @throws PeerException if the peer gave up, with what it says, or another frame comes
   */
  public byte[] receive(FrameType type, int most) throws IOException {
    return expect(receive(most), type).content();
  }

  /** A frame that was received. */
  public record Frame(FrameType type, byte[] content) {
    /** Returns the content as a text. */
    public String text() {
      return new String(content, StandardCharsets.UTF_8);
    }
  }

  /**
   * Receives a frame of any type but those with which the peer gives up.
   *
   * @param most the longest content that it can have
   * @throws PeerException if the peer gave up, with what it says, or says nothing that can be
   */
  public Frame receive(int most) throws IOException {
    FrameType type = readHead();
    int length = head.getInt();
    boolean givesUp = type == FrameType.ABORT || type == FrameType.REFUSE;
    int limit = givesUp ? LONGEST_SENTENCE : most;
    if (length < 0 || length > limit) {
      throw new PeerException(
          "the peer announces %s bytes of %s; no more than %d are possible"
              .formatted(Integer.toUnsignedString(length), type, limit));
    }
    Frame frame = new Frame(type, read(length));
    if (givesUp) {
      throw new PeerException(
          (type == FrameType.REFUSE ? "the destination refuses: " : "the source gave up: ")
              + shown(frame.text()),
          true);
    }
    return frame;
  }

  private static Frame expect(Frame frame, FrameType type) throws PeerException {
    if (frame.type() != type) {
      throw new PeerException("the peer sends " + frame.type() + " where " + type + " was to come");
    }
    return frame;
  }

  /** Makes of a peer's text one that can stand in a sentence. */
  private static String shown(String text) {
    return text.codePoints()
        .map(one -> Character.isISOControl(one) ? ' ' : one)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  private FrameType readHead() throws IOException {
    head.clear();
    fill(head);
    head.flip();
    int code = Byte.toUnsignedInt(head.get());
    return FrameType.of(code)
        .orElseThrow(
            () ->
                new PeerException(
                    code == TLS_ALERT
                        ? "the peer speaks TLS: say with x-holdfast-tls-dir who this side is"
                        : "the peer sends a frame of type %d".formatted(code)));
  }

  private byte[] read(int length) throws IOException {
    ByteBuffer content = ByteBuffer.allocate(length);
    fill(content);
    return content.array();
  }

  private void fill(ByteBuffer into) throws IOException {
    while (into.hasRemaining()) {
      if (channel.read(into) < 0) {
        throw new EOFException("the peer closed the connection");
      }
    }
  }

  /** Returns a channel that sends the stream of RAM, whose end {@link RamOutput#end} sends. */
  public RamOutput ramOutput() {
    return new RamOutput();
  }

  /** Returns a channel that receives the stream of RAM. */
  public RamInput ramInput() {
    return new RamInput();
  }

  /** Sends the stream of RAM in frames. */
  public final class RamOutput implements WritableByteChannel {
    private final CRC32C sum = new CRC32C();

    private RamOutput() {}

    @Override
    public int write(ByteBuffer from) throws IOException {
      int length = Math.min(from.remaining(), LONGEST_PIECE);
      ByteBuffer piece = from.slice(from.position(), length);
      sum.update(piece.duplicate());
      send(FrameType.RAM, piece);
      from.position(from.position() + length);
      return length;
    }

    /** Sends that it has ended; returns the checksum of all. */
    public long end() throws IOException {
      Frames.this.send(
          FrameType.RAM_END, ByteBuffer.allocate(Long.BYTES).putLong(sum.getValue()).flip());
      return sum.getValue();
    }

    @Override
    public boolean isOpen() {
      return channel.isOpen();
    }

    /** Closes the connection. */
    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  /** Receives the stream of RAM from frames; it ends where RAM does. */
  public final class RamInput implements ReadableByteChannel {
    private final CRC32C sum = new CRC32C();

    /** What is left of the present piece. */
    private int left;

    private boolean ended;

    private RamInput() {}

    @Override
    public int read(ByteBuffer into) throws IOException {
      if (!ended && left == 0) {
        begin();
      }
      if (ended) {
        return -1;
      }
      int length = Math.min(left, into.remaining());
      ByteBuffer piece = into.slice(into.position(), length);
      int come = channel.read(piece);
      if (come < 0) {
        throw new EOFException("the source closed the connection in the middle of memory");
      }
      sum.update(piece.flip());
      into.position(into.position() + come);
      left -= come;
      return come;
    }

    private void begin() throws IOException {
      FrameType type = readHead();
      int length = head.getInt();
      switch (type) {
        case RAM -> {
          if (length <= 0 || length > LONGEST_PIECE) {
            throw new PeerException(
                "the source announces %s bytes of memory at once"
                    .formatted(Integer.toUnsignedString(length)));
          }
          left = length;
        }
        case RAM_END -> {
          if (length != Long.BYTES
              || ByteBuffer.wrap(Frames.this.read(length)).getLong() != sum.getValue()) {
            throw new PeerException(
                "what came of memory is not what was sent: its checksum differs");
          }
          ended = true;
        }
        case ABORT -> {
          if (length < 0 || length > LONGEST_SENTENCE) {
            throw new PeerException("the source gave up");
          }
          throw new PeerException(
              "the source gave up: "
                  + shown(new String(Frames.this.read(length), StandardCharsets.UTF_8)),
              true);
        }
        default -> throw new PeerException("the source sends " + type + " in the middle of memory");
      }
    }

    /** Returns the checksum of all that has come. */
    public long sum() {
      return sum.getValue();
    }

    @Override
    public boolean isOpen() {
      return channel.isOpen();
    }

    /** Closes the connection. */
    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
