package holdfast.machine.nvdimm.labels;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.UUID;

/**
 * A namespace label of version 1.2 (UEFI 2.9, 13.19.2) for a namespace that lies on one NVDIMM.
 *
 * @param uuid the namespace's
 * @param name up to 63 bytes
 * @param cookie tells by which NVDIMMs the region is made up ({@link #cookie(int)})
 * @param dpa where on the NVDIMM it begins
 * @param size its length in bytes
 * @param slot the label's place among the labels
 * @param type the kind of memory, that of the NFIT's SPA range
 * @param abstraction who claims the namespace: a BTT, a file system; all 0 for nobody
 */
public record NamespaceLabel(
    UUID uuid,
    String name,
    long cookie,
    long dpa,
    long size,
    int slot,
    UUID type,
    UUID abstraction) {

  /** The length of a label in bytes. */
  static final int BYTES = 256;

  /** Persistent memory (ACPI 6.4, table 5.133). */
  public static final UUID PMEM = UUID.fromString("66f0d379-b4f3-4074-ac43-0d3318b78cdb");

  /** Claimed by nobody: a raw namespace. */
  public static final UUID RAW = new UUID(0, 0);

  private static final int CHECKSUM = BYTES - Long.BYTES;
  private static final int NAME_BYTES = 64;

  /**
   * Returns the cookie of a region on one NVDIMM, as Linux makes it of what the NFIT tells of
   * QEMU's: of its region offset (8 bytes), serial number (4), vendor (2), manufacturing date (2)
   * and location (1), filled up with 0.
   *
   * @param serial QEMU's and ours is 0x123456 and the slot
   */
  public static long cookie(int serial) {
    ByteBuffer info = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
    info.putLong(0).putInt(serial).putShort((short) 0x8086);
    return Fletcher64.of(info.array(), info.capacity());
  }

  /** Returns it as it stands in a label area. */
  byte[] bytes() {
    ByteBuffer out = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    putRfc(out, uuid);
    out.put(name.getBytes(UTF_8)).position(16 + NAME_BYTES);
    out.putInt(0).putShort((short) 1).putShort((short) 0); // flags, labels of the set, position
    out.putLong(cookie).putLong(512).putLong(dpa).putLong(size).putInt(slot);
    out.putInt(0); // alignment: the system's
    putGuid(out, type);
    putGuid(out, abstraction);
    out.putLong(CHECKSUM, Fletcher64.of(out.array(), CHECKSUM));
    return out.array();
  }

  /** Reads one; empty if the checksum is wrong. */
  static Optional<NamespaceLabel> of(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (in.getLong(CHECKSUM) != Fletcher64.of(bytes, CHECKSUM)) {
      return Optional.empty();
    }
    UUID uuid = rfc(in);
    String name = new String(bytes, in.position(), NAME_BYTES, UTF_8);
    in.position(in.position() + NAME_BYTES + 8);
    long cookie = in.getLong();
    in.getLong();
    long dpa = in.getLong();
    long size = in.getLong();
    int slot = in.getInt();
    in.getInt();
    return Optional.of(
        new NamespaceLabel(
            uuid, name.substring(0, end(name)), cookie, dpa, size, slot, guid(in), guid(in)));
  }

  private static int end(String name) {
    int end = name.indexOf(0);
    return end < 0 ? name.length() : end;
  }

  /** The order of RFC 4122, in which Linux has the namespace's. */
  private static void putRfc(ByteBuffer out, UUID uuid) {
    ByteBuffer bytes = ByteBuffer.allocate(16);
    bytes.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
    out.put(bytes.flip());
  }

  private static UUID rfc(ByteBuffer in) {
    byte[] bytes = new byte[16];
    in.get(bytes);
    ByteBuffer big = ByteBuffer.wrap(bytes);
    return new UUID(big.getLong(), big.getLong());
  }

  /** A GUID, whose first three fields are little-endian. */
  private static void putGuid(ByteBuffer out, UUID uuid) {
    long most = uuid.getMostSignificantBits();
    out.putInt((int) (most >>> 32)).putShort((short) (most >>> 16)).putShort((short) most);
    out.put(ByteBuffer.allocate(8).putLong(0, uuid.getLeastSignificantBits()));
  }

  private static UUID guid(ByteBuffer in) {
    long most = Integer.toUnsignedLong(in.getInt()) << 32;
    most |= Short.toUnsignedLong(in.getShort()) << 16;
    most |= Short.toUnsignedLong(in.getShort());
    byte[] rest = new byte[8];
    in.get(rest);
    return new UUID(most, ByteBuffer.wrap(rest).getLong());
  }
}
