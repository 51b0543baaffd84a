package holdfast.backend.api;

/**
 * An alignment of host and guest addresses in bytes: a power of two, or {@link #PAGE_SIZE}, which
 * stands for the page size of the backing, whatever that is.
 *
 * @param bytes 0 for the page size of the backing, else a power of two
 */
public record Alignment(long bytes) {
  /** The page size of the backing and no more. Written as {@code align=0}, the default. */
  public static final Alignment PAGE_SIZE = new Alignment(0);

  /**
   * @throws IllegalArgumentException if {@code bytes} is neither 0 nor a power of two
   */
  public Alignment {
    if (bytes < 0 || Long.bitCount(bytes) > 1) {
      throw new IllegalArgumentException(
          "an alignment must be a power of two, not " + Long.toUnsignedString(bytes));
    }
  }

  /**
   * Returns the alignment in force for a backing with pages of {@code pageSize} bytes: the greater
   * of this and the page size.
   */
  public Alignment orPageSize(long pageSize) {
    return bytes >= pageSize ? this : new Alignment(pageSize);
  }

  /** Returns the lowest multiple of this alignment that is not below {@code value}. */
  public long roundUp(long value) {
    long mask = Math.max(bytes, 1) - 1;
    return Math.addExact(value, mask) & ~mask;
  }

  /** Returns the highest multiple of this alignment that is not above {@code value}. */
  public long roundDown(long value) {
    return value & -Math.max(bytes, 1);
  }

  /** Returns whether {@code value} is a multiple of this alignment. */
  public boolean divides(long value) {
    return roundDown(value) == value;
  }

  @Override
  public String toString() {
    return new ByteSize(bytes).toString();
  }
}
