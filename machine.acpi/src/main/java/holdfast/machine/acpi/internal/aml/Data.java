package holdfast.machine.acpi.internal.aml;

import static java.nio.charset.StandardCharsets.US_ASCII;

/** Constants (20.2.3). */
public final class Data {
  /** The number 0. */
  public static final Aml ZERO = Aml.of(0x00);

  /** The number 1. */
  public static final Aml ONE = Aml.of(0x01);

  private static final int BYTE_PREFIX = 0x0A;
  private static final int WORD_PREFIX = 0x0B;
  private static final int DWORD_PREFIX = 0x0C;
  private static final int STRING_PREFIX = 0x0D;
  private static final Aml BUFFER = Aml.of(0x11);
  private static final Aml PACKAGE = Aml.of(0x12);

  private Data() {}

  /** Returns a number of 32 bits, so that it is the same where integers have no more. */
  public static Aml integer(int value) {
    if (value == 0 || value == 1) {
      return value == 0 ? ZERO : ONE;
    }
    if (Integer.compareUnsigned(value, 0xFF) <= 0) {
      return Aml.of(BYTE_PREFIX, value);
    }
    return Integer.compareUnsigned(value, 0xFFFF) <= 0
        ? Aml.of(WORD_PREFIX, value, value >> 8)
        : dword(value);
  }

  /** Returns a number in four bytes whatever it is, so that another one can be put there. */
  public static Aml dword(int value) {
    return Aml.of(DWORD_PREFIX, value, value >> 8, value >> 16, value >> 24);
  }

  /** Returns a string of ASCII characters. */
  public static Aml string(String text) {
    return Aml.join(Aml.of(STRING_PREFIX), Aml.of(text.getBytes(US_ASCII)), ZERO);
  }

  /** Returns a buffer with this content. */
  public static Aml buffer(byte... content) {
    return Aml.block(BUFFER, integer(content.length), Aml.of(content));
  }

  /** Returns a package of constants. */
  public static Aml packageOf(Aml... elements) {
    return Aml.block(PACKAGE, Aml.of(elements.length), Aml.join(elements));
  }
}
