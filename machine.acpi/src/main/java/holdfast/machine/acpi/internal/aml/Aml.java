package holdfast.machine.acpi.internal.aml;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;

/** A piece of AML, as an interpreter reads it. Immutable. */
public final class Aml {
  private static final int SEGMENT = 4;
  private static final int ROOT = '\\';
  private static final int DUAL_NAME_PREFIX = 0x2E;
  private static final int MULTI_NAME_PREFIX = 0x2F;

  private final byte[] bytes;

  private Aml(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Returns the piece that consists of these bytes. */
  static Aml of(int... bytes) {
    byte[] copy = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      copy[i] = (byte) bytes[i];
    }
    return new Aml(copy);
  }

  /** Returns the piece that consists of these bytes. */
  static Aml of(byte[] bytes) {
    return new Aml(bytes.clone());
  }

  /** Returns pieces one behind the other. */
  public static Aml join(Aml... pieces) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (Aml piece : pieces) {
      joined.writeBytes(piece.bytes);
    }
    return new Aml(joined.toByteArray());
  }

  /**
   * Returns an opcode with a package: the length, which counts itself, and what it is the length
   * of.
   */
  static Aml block(Aml opcode, Aml... content) {
    Aml body = join(content);
    int length = body.size();
    int own = 1;
    while (lengthBytes(length + own) > own) {
      own++;
    }
    return join(opcode, packageLength(length + own, own), body);
  }

  /** Returns a length that does not count itself, such as that of a field in bits. */
  static Aml plainLength(int length) {
    return packageLength(length, lengthBytes(length));
  }

  /** How many bytes the encoding of a length has (20.2.4). */
  private static int lengthBytes(int length) {
    if (length < 1 << 6) {
      return 1;
    }
    return length < 1 << 12 ? 2 : length < 1 << 20 ? 3 : 4;
  }

  /** Six bits in one byte; else four in the first and eight in each other (20.2.4). */
  private static Aml packageLength(int length, int bytes) {
    if (bytes == 1) {
      return of(length);
    }
    int[] encoded = new int[bytes];
    encoded[0] = (bytes - 1) << 6 | length & 0xF;
    for (int i = 1; i < bytes; i++) {
      encoded[i] = length >> 4 + 8 * (i - 1);
    }
    return of(encoded);
  }

  /**
   * Returns a name, or a path of names such as {@code \_SB.NVDR} (20.2.2). It is also how a method
   * or an object is referred to.
   *
   * @throws IllegalArgumentException if a part of it has not four characters or fewer
   */
  public static Aml name(String path) {
    boolean absolute = !path.isEmpty() && path.charAt(0) == ROOT;
    String[] parts = (absolute ? path.substring(1) : path).split("\\.", -1);
    Aml names =
        switch (parts.length) {
          case 1 -> of();
          case 2 -> of(DUAL_NAME_PREFIX);
          default -> of(MULTI_NAME_PREFIX, parts.length);
        };
    for (String part : parts) {
      names = join(names, segment(part));
    }
    return absolute ? join(of(ROOT), names) : names;
  }

  private static Aml segment(String name) {
    if (name.isEmpty() || name.length() > SEGMENT) {
      throw new IllegalArgumentException("'" + name + "' is no name of ACPI");
    }
    return of((name + "_".repeat(SEGMENT - name.length())).getBytes(US_ASCII));
  }

  int size() {
    return bytes.length;
  }

  /** Returns a copy of the bytes. */
  public byte[] toByteArray() {
    return bytes.clone();
  }
}
