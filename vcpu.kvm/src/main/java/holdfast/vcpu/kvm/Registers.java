package holdfast.vcpu.kvm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** The values of all {@link Register}s. Immutable. */
public final class Registers {
  /** The length of {@code struct kvm_regs}. */
  static final int LENGTH = Register.values().length * Long.BYTES;

  /** All are 0, but for the bit of the flags that is always 1. */
  public static final Registers ZERO = new Registers(new byte[LENGTH]).with(Register.RFLAGS, 2);

  private final byte[] bytes;

  /** Takes a {@code struct kvm_regs} over. */
  Registers(byte[] bytes) {
    this.bytes = bytes;
  }

  byte[] bytes() {
    return bytes.clone();
  }

  private static ByteBuffer view(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Returns the value of a register. */
  public long get(Register register) {
    return view(bytes).getLong(register.offset());
  }

  /** Returns the same with another value of a register. */
  public Registers with(Register register, long value) {
    byte[] changed = bytes.clone();
    view(changed).putLong(register.offset(), value);
    return new Registers(changed);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Registers registers && Arrays.equals(bytes, registers.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** Returns all that are not 0, in hexadecimal. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Register register : Register.values()) {
      if (get(register) != 0) {
        text.append(text.isEmpty() ? "" : " ").append(register).append('=');
        text.append(Long.toHexString(get(register)));
      }
    }
    return text.toString();
  }
}
