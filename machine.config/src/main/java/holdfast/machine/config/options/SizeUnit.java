package holdfast.machine.config.options;

import java.util.Locale;

/** What a size counts: bytes, or a power of 1024 of them, each with its suffix letter. */
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

  /** The unit that {@code letter}, of either case, stands for. */
  static SizeUnit ofSuffix(String letter) {
    return valueOf(letter.toUpperCase(Locale.ROOT));
  }

  /** How many times a size in this unit has to be doubled to be in bytes. */
  int shift() {
    return shift;
  }
}
