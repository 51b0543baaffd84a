package holdfast.machine.migration.internal.stream;

/**
 * The numbers of the format.
 *
 * <pre>
 * stream        = magic version [configuration] section* 0 [description]
 * configuration = 7 length:u32 machine [subsection*]
 * section       = 1 id:u32 name instance:u32 version:u32 records footer      RAM starts
 *               | 2 id:u32 records footer                                    a part of it
 *               | 3 id:u32 records footer                                    RAM ends
 *               | 4 id:u32 name ...                                          a device
 *               | 8 11:u16 0:u16                     the sender's guest has stopped (QEMU 10.0)
 * footer        = 0x7e id:u32
 * records       = (u64 ...)* 0x10:u64         an address, or a sum of sizes, with flags below
 * description   = 6 length:u32 JSON
 * </pre>
 *
 * A name has its length, of one byte, before it.
 */
public final class RamStreamFormat {
  /**
   * The bytes of a page as the stream has them, whatever pages the host has: QEMU's name and value
   * for x86.
   */
  public static final int TARGET_PAGE_SIZE = 4096;

  public static final int MAGIC = 0x5145564d;
  static final int VERSION = 3;

  static final int END_OF_STREAM = 0;
  static final int SECTION_START = 1;
  static final int SECTION_PART = 2;
  static final int SECTION_END = 3;
  static final int SECTION_FULL = 4;
  static final int SUBSECTION = 5;
  static final int DESCRIPTION = 6;
  static final int CONFIGURATION = 7;
  static final int COMMAND = 8;
  static final int FOOTER = 0x7e;

  /** The command {@code SWITCHOVER_START}, and the length of what belongs to it. */
  static final int SWITCHOVER_START = 11 << Short.SIZE;

  static final String RAM = "ram";
  static final int RAM_VERSION = 4;

  static final int FLAG_ZERO = 0x02;
  static final int FLAG_BLOCKS = 0x04;
  static final int FLAG_PAGE = 0x08;
  static final int FLAG_END = 0x10;
  static final int FLAG_SAME_BLOCK = 0x20;
  static final int FLAG_XBZRLE = 0x40;
  static final int FLAG_HOOK = 0x80;
  static final int FLAG_COMPRESSED = 0x100;
  static final int FLAG_MULTIFD_FLUSH = 0x200;

  /** The bits of a record's first number that are flags. */
  static final long FLAGS = TARGET_PAGE_SIZE - 1;

  /** Of a name, in bytes: its length is one byte. */
  static final int LONGEST_NAME = 255;

  private RamStreamFormat() {}
}
