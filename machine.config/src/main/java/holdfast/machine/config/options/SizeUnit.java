package holdfast.machine.config.options;

import java.util.Locale;

/** The unit of a size: bytes, or a power of 1024 of them, each with its suffix letter. */
public enum SizeUnit {
  B(0),
  K(10),
  M(20),
  G(30),
  T(40),
  P(50),
  E(60);

  private final int shift;

  SizeUnit(int shift) {
    this.shift = shift;
  }

  /** Returns the unit with the suffix {@code letter}, in either case. */
  static SizeUnit ofSuffix(String letter) {
    return valueOf(letter.toUpperCase(Locale.ROOT));
  }

  /** Returns how many times a size in this unit must be doubled to be in bytes. */
  int shift() {
    return shift;
  }
}
