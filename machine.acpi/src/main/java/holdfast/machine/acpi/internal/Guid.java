package holdfast.machine.acpi.internal;

import java.util.UUID;

/** The identifiers that guests' drivers know. */
enum Guid {
  /** A range of persistent memory (ACPI 6.4, table 5.132). */
  PERSISTENT_MEMORY("66F0D379-B4F3-4074-AC43-0D3318B78CDB"),

  /** Functions of the root device (ACPI 6.4, 9.20.8). */
  ROOT_FUNCTIONS("2F10E7A4-9E91-11E4-89D3-123B93F75CBA"),

  /** Functions of an NVDIMM (NVDIMM DSM Interface, 3). */
  DEVICE_FUNCTIONS("4309AC30-0D11-11E4-9191-0800200C9A66");

  private final UUID uuid;

  Guid(String text) {
    uuid = UUID.fromString(text);
  }

  /** Its 16 bytes: the first three groups lowest byte first, the others as written (19.6.142). */
  byte[] bytes() {
    long high = uuid.getMostSignificantBits();
    return new Fields()
        .u32((int) (high >> 32))
        .u16((int) (high >> 16))
        .u16((int) high)
        .u64(Long.reverseBytes(uuid.getLeastSignificantBits()))
        .toByteArray();
  }
}
