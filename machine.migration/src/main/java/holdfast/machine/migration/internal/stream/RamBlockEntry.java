package holdfast.machine.migration.internal.stream;

import static holdfast.machine.migration.internal.stream.RamStreamFormat.LONGEST_NAME;
import static holdfast.machine.migration.internal.stream.RamStreamFormat.TARGET_PAGE_SIZE;

import java.nio.charset.StandardCharsets;

/**
 * A RAM block as the block list names it.
 *
 * @param name QEMU's {@code idstr}: for a memory backend of an NVDIMM or of {@code -machine
 *     memory-backend=} its id; 1 to 255 bytes of UTF-8, none of them a control character
 * @param size its bytes, above 0; a multiple of {@link RamStreamFormat#TARGET_PAGE_SIZE}
 */
public record RamBlockEntry(String name, long size) {
  /**
   * @throws IllegalArgumentException if one of them is not as described
   */
  public RamBlockEntry {
    if (!isName(name)) {
      throw new IllegalArgumentException("a RAM block can't have such a name");
    }
    if (!isSize(size)) {
      throw new IllegalArgumentException(
          "the RAM block '" + name + "' can't have a size of " + size + " bytes");
    }
  }

  /** Returns whether a block can have the name. */
  static boolean isName(String name) {
    int length = name.getBytes(StandardCharsets.UTF_8).length;
    return length > 0 && length <= LONGEST_NAME && name.codePoints().allMatch(RamBlockEntry::shows);
  }

  /** Returns whether a sentence can show the character without a terminal obeying it. */
  private static boolean shows(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }

  /** Returns whether a block can have the size. */
  static boolean isSize(long size) {
    return size > 0 && size % TARGET_PAGE_SIZE == 0;
  }

  @Override
  public String toString() {
    return "'" + name + "' of " + size + " bytes";
  }
}
