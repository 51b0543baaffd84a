package holdfast.machine.migration.internal.stream;

import static holdfast.machine.migration.internal.stream.RamStreamFormat.SUBSECTION;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.TARGET_PAGE_SIZE;

import java.io.IOException;

/** The configuration section: the machine's type, and what else the sender has to say first. */
final class Configuration {
  private static final int UUID_BYTES = 16;
  private static final int MOST_CAPABILITIES = 64;

  private Configuration() {}

  /** Reads one, behind its first byte; returns the machine's type. */
  static String read(StreamInput in) throws IOException {
    String machine = in.text(in.u32("the machine's type"), "the machine's type");
    while (in.peek("RAM") == SUBSECTION) {
      subsection(in);
    }
    return machine;
  }

  private static void subsection(StreamInput in) throws IOException {
    in.u8("a subsection");
    long at = in.position();
    String name = in.name("a subsection's name");
    int version = in.u32("a subsection's version");
    String known = version == 1 ? name : "";
    switch (known) {
      case "configuration/uuid" -> in.bytes(UUID_BYTES, "the machine's UUID");
      case "configuration/target-page-bits" -> pageBits(in);
      case "configuration/capabilities" -> capabilities(in);
      default ->
          throw new StreamFormatException(
              "the sender's configuration has a subsection '%s', version %s, which is not known here"
                  .formatted(name, Integer.toUnsignedString(version)),
              at);
    }
  }

  private static void pageBits(StreamInput in) throws IOException {
    long at = in.position();
    int bits = in.u32("the size of pages");
    if (bits != Integer.numberOfTrailingZeros(TARGET_PAGE_SIZE)) {
      throw new StreamFormatException(
          "the sender's pages are of 2^%s bytes; only those of %d can be read"
              .formatted(Integer.toUnsignedString(bits), TARGET_PAGE_SIZE),
          at);
    }
  }

  /** With each capability that a QEMU announces there, what follows looks different. */
  private static void capabilities(StreamInput in) throws IOException {
    long at = in.position();
    int count = in.u32("the number of capabilities");
    if (count < 0 || count > MOST_CAPABILITIES) {
      throw new StreamFormatException(
          "the sender announces %s capabilities; %d at most are possible"
              .formatted(Integer.toUnsignedString(count), MOST_CAPABILITIES),
          at);
    }
    if (count > 0) {
      throw new StreamFormatException(
          "the sender has the capability '%s', with which its RAM can't be read: switch it off there"
              .formatted(in.name("a capability's name")),
          at);
    }
  }
}
