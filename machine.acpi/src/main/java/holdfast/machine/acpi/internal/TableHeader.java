package holdfast.machine.acpi.internal;

import static java.nio.charset.StandardCharsets.US_ASCII;

/** The header that each table has (ACPI 6.4, 5.2.6). */
final class TableHeader {
  /** Its size. */
  static final int SIZE = 36;

  private static final int CHECKSUM_AT = 9;
  private static final String OEM = "HLDFST";
  private static final String OEM_TABLE = "HLDFST";
  private static final String CREATOR = "HLDF";

  private TableHeader() {}

  /** Puts the header in front of a table's content. */
  static byte[] before(String signature, int revision, byte[] content) {
    byte[] table =
        new Fields()
            .bytes(signature.getBytes(US_ASCII))
            .u32(SIZE + content.length)
            .u8(revision)
            .u8(0)
            .bytes(OEM.getBytes(US_ASCII))
            .bytes((OEM_TABLE + signature.substring(0, 2)).getBytes(US_ASCII))
            .u32(1)
            .bytes(CREATOR.getBytes(US_ASCII))
            .u32(1)
            .bytes(content)
            .toByteArray();
    int sum = 0;
    for (byte each : table) {
      sum += each;
    }
    table[CHECKSUM_AT] = (byte) -sum;
    return table;
  }
}
