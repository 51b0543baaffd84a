package holdfast.host.linux.internal;

import holdfast.host.linux.FileSystemStatus;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The offsets of the fields of struct statfs on the 64-bit architectures of Linux, {@code
 * asm/statfs.h} ({@code asm-generic/statfs.h} for most). The counts are 64-bit words everywhere; on
 * s390x the first words and the fragment size have 32 bits.
 */
enum StatfsLayout {
  /** {@code asm-generic/statfs.h}. */
  GENERIC(8, 8, 16, 32, 40, 48, 72),
  /** {@code arch/s390/include/uapi/asm/statfs.h}. */
  S390X(4, 4, 8, 24, 32, 40, 60),
  /** {@code arch/mips/include/uapi/asm/statfs.h}, of the 64-bit ABI. */
  MIPS(8, 8, 24, 56, 40, 48, 16);

  private final int word;
  private final int blockSize;
  private final int blocks;
  private final int available;
  private final int files;
  private final int freeFiles;
  private final int fragmentSize;

  StatfsLayout(
      int word,
      int blockSize,
      int blocks,
      int available,
      int files,
      int freeFiles,
      int fragmentSize) {
    this.word = word;
    this.blockSize = blockSize;
    this.blocks = blocks;
    this.available = available;
    this.files = files;
    this.freeFiles = freeFiles;
    this.fragmentSize = fragmentSize;
  }

  /** Returns the layout on the architecture that this JVM runs on. */
  static StatfsLayout host() {
    String architecture = System.getProperty("os.arch");
    return architecture.equals("s390x") ? S390X : architecture.startsWith("mips") ? MIPS : GENERIC;
  }

  /** Reads the structure that the kernel has filled in. */
  FileSystemStatus read(byte[] raw) {
    ByteBuffer buf = ByteBuffer.wrap(raw).order(ByteOrder.nativeOrder());
    long block = word(buf, blockSize);
    long fragment = word(buf, fragmentSize);
    long unit = fragment == 0 ? block : fragment; // statvfs(3): blocks are counted in fragments
    return new FileSystemStatus(
        word(buf, 0) & 0xFFFF_FFFFL,
        block,
        bytes(buf.getLong(blocks), unit),
        bytes(buf.getLong(available), unit),
        Math.max(0, buf.getLong(files)),
        Math.max(0, buf.getLong(freeFiles)));
  }

  private long word(ByteBuffer buf, int at) {
    return word == Integer.BYTES ? Integer.toUnsignedLong(buf.getInt(at)) : buf.getLong(at);
  }

  /** Converts a count to bytes; 0, no limit, if there are more than a {@code long} can hold. */
  private static long bytes(long count, long unit) {
    boolean told = count > 0 && count <= Long.MAX_VALUE / Math.max(1, unit);
    return told ? count * unit : 0;
  }
}
