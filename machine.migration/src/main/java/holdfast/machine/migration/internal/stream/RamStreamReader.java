package holdfast.machine.migration.internal.stream;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.util.Optional;

/**
 * Reads RAM from a stream of Holdfast's or of a QEMU's that has none of the capabilities on that
 * change what pages look like (its default). All of RAM comes before the state of devices, which is
 * not read.
 *
 * <p>What the peer sends costs it more than us: nothing is allocated in proportion to what it
 * claims, and every call of the sink is paid for with at least nine bytes. How long it takes is the
 * caller's to limit, by closing the channel. Used by one thread.
 */
public final class RamStreamReader {
  private final StreamInput in;
  private final RamRecords records;
  private final RamSink sink;

  /** The section of RAM, which the parts and the end name again. */
  private int section;

  /**
   * @param from the stream; in blocking mode. More may be taken from it than is read
   * @param sink receives RAM
   */
  public RamStreamReader(ReadableByteChannel from, RamSink sink) {
    this(from, sink, StreamInput.PIECE);
  }

  /**
   * @param piece how much is taken from the channel at once; a page at least
   */
  RamStreamReader(ReadableByteChannel from, RamSink sink, int piece) {
    this.in = new StreamInput(from, piece);
    this.records = new RamRecords(in, sink);
    this.sink = sink;
  }

  /**
   * Reads all of RAM. Called once.
   *
   * @throws StreamEndedException if the stream ends before RAM does
   * @throws StreamFormatException if it is none that can be read
   * @throws IOException if the channel or the sink throws it
   */
  public ReceivedRam read() throws IOException {
    header();
    Optional<String> machine = Optional.empty();
    int type = in.u8("RAM");
    if (type == RamStreamFormat.CONFIGURATION) {
      machine = Optional.of(Configuration.read(in));
      type = in.u8("RAM");
    }
    start(type);
    do {
      type = part();
    } while (type != RamStreamFormat.SECTION_END);
    return new ReceivedRam(machine, records.count(), device());
  }

  private void header() throws IOException {
    int magic = in.u32("QEMU's mark");
    if (magic != RamStreamFormat.MAGIC) {
      throw new StreamFormatException(
          "this is no migration stream: it begins with 0x%08x and not with QEVM".formatted(magic),
          0);
    }
    int version = in.u32("the stream's version");
    if (version != RamStreamFormat.VERSION) {
      throw new StreamFormatException(
          "the stream has the version %s; only %d can be read"
              .formatted(Integer.toUnsignedString(version), RamStreamFormat.VERSION),
          Integer.BYTES);
    }
  }

  private void start(int type) throws IOException {
    long at = in.position() - 1;
    if (type == RamStreamFormat.COMMAND) {
      throw new StreamFormatException(
          "the sender wants to be answered, or to send RAM on demand: switch the capabilities"
              + " return-path and postcopy-ram off there",
          at);
    }
    if (type != RamStreamFormat.SECTION_START && type != RamStreamFormat.SECTION_FULL) {
      throw unexpected("RAM was to start", type, at);
    }
    section = in.u32("a section's number");
    String name = in.name("a section's name");
    int instance = in.u32("a section's instance");
    int version = in.u32("a section's version");
    if (type != RamStreamFormat.SECTION_START
        || !name.equals(RamStreamFormat.RAM)
        || instance != 0
        || version != RamStreamFormat.RAM_VERSION) {
      throw new StreamFormatException(
          "RAM was to start, instance 0 and version %d, but not '%s', instance %s and version %s"
              .formatted(
                  RamStreamFormat.RAM_VERSION,
                  name,
                  Integer.toUnsignedString(instance),
                  Integer.toUnsignedString(version)),
          at);
    }
    records.read();
    if (!records.listed()) {
      throw new StreamFormatException("RAM starts without a block list", at);
    }
    footer();
  }

  /** Reads a section, or a command; returns its type. */
  private int part() throws IOException {
    long at = in.position();
    int type = in.u8("a part of RAM");
    if (type == RamStreamFormat.COMMAND) {
      command();
      return type;
    }
    if (type != RamStreamFormat.SECTION_PART && type != RamStreamFormat.SECTION_END) {
      throw unexpected("RAM has not ended", type, at);
    }
    number("a section's number");
    records.read();
    footer();
    sink.partEnded();
    return type;
  }

  /**
   * Reads a command. QEMU from 10.0 on sends one before RAM ends, which is for devices that send
   * their state over channels of their own.
   */
  private void command() throws IOException {
    long at = in.position();
    int command = in.u32("a command");
    if (command != RamStreamFormat.SWITCHOVER_START) {
      throw new StreamFormatException(
          "the sender has the command %d with %d bytes, which is not known here"
              .formatted(command >>> Short.SIZE, command & 0xffff),
          at);
    }
  }

  private void footer() throws IOException {
    long at = in.position();
    int mark = in.u8("a section's footer");
    if (mark != RamStreamFormat.FOOTER) {
      throw unexpected("a section's footer was to come", mark, at);
    }
    number("a section's footer");
  }

  private void number(String what) throws IOException {
    long at = in.position();
    int number = in.u32(what);
    if (number != section) {
      throw new StreamFormatException(
          "%s is %s, but that of RAM is %s"
              .formatted(what, Integer.toUnsignedString(number), Integer.toUnsignedString(section)),
          at);
    }
  }

  /** Reads what follows RAM; returns the name of the first device. */
  private Optional<String> device() throws IOException {
    long at = in.position();
    int type = in.u8("the end of the stream, or a device");
    return switch (type) {
      case RamStreamFormat.END_OF_STREAM -> Optional.empty();
      case RamStreamFormat.SECTION_FULL -> {
        in.u32("a device's number");
        yield Optional.of(in.name("a device's name"));
      }
      default -> throw unexpected("RAM has ended", type, at);
    };
  }

  private static StreamFormatException unexpected(String expected, int found, long at) {
    return new StreamFormatException(
        "%s, but there is 0x%02x, which is none that can follow".formatted(expected, found), at);
  }

  /**
   * Drops the rest of the stream, after RAM was read, until the sender closes it: a QEMU's
   * migration fails where its devices' state can't be sent.
   *
   * @param atMost how many bytes
   * @return whether it ended within so many
   */
  public boolean dropRest(long atMost) throws IOException {
    return in.drop(atMost);
  }
}
