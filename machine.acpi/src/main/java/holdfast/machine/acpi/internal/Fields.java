package holdfast.machine.acpi.internal;

import java.io.ByteArrayOutputStream;

/** Fields of a table one after the other, lowest byte first (ACPI 6.4, 5.2). */
final class Fields {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  Fields u8(int value) {
    out.write(value);
    return this;
  }

  Fields u16(int value) {
    return u8(value).u8(value >> 8);
  }

  Fields u32(int value) {
    return u16(value).u16(value >> 16);
  }

  Fields u64(long value) {
    return u32((int) value).u32((int) (value >> 32));
  }

  Fields bytes(byte... value) {
    out.writeBytes(value);
    return this;
  }

  /** Adds zeros, for what is reserved or does not apply. */
  Fields zeros(int count) {
    return bytes(new byte[count]);
  }

  int size() {
    return out.size();
  }

  byte[] toByteArray() {
    return out.toByteArray();
  }
}
