package holdfast.machine.migration.internal.stream;

/**
 * What was sent or received.
 *
 * @param normal pages with their content
 * @param zero pages of which only was said that all their bytes are zero: QEMU's {@code duplicate}
 * @param bytes of the stream, with all that is between the pages
 */
public record PageCount(long normal, long zero, long bytes) {
  /** Nothing. */
  public static final PageCount NONE = new PageCount(0, 0, 0);

  /** Returns the sum of both. */
  public PageCount plus(PageCount more) {
    return new PageCount(normal + more.normal, zero + more.zero, bytes + more.bytes);
  }
}
