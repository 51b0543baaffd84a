package holdfast.machine.acpi;

import java.lang.foreign.MemorySegment;

/**
 * A piece of the NFIT's structures, as a guest reads them through the shared page.
 *
 * @param status {@link #SUCCESS}, {@link #INVALID} or {@link #CHANGED}
 * @param bytes what was read, read-only, at most {@value #MAX_BYTES}; none at the end, and none
 *     where the status is not {@link #SUCCESS}
 */
public record FitChunk(int status, MemorySegment bytes) {
  /** The status of a piece, and of the end. */
  public static final int SUCCESS = 0;

  /** The status of an offset that is beyond the end. */
  public static final int INVALID = 3;

  /**
   * The status that makes the guest start again at offset 0: what it has begun to read is no longer
   * so.
   */
  public static final int CHANGED = 0x100;

  /** How much the page has room for, behind the length and the status of the answer. */
  public static final int MAX_BYTES = NvdimmPlatform.PAGE_SIZE - 2 * Integer.BYTES;

  private static final MemorySegment NOTHING = MemorySegment.ofArray(new byte[0]).asReadOnly();

  static FitChunk of(MemorySegment fit, long offset) {
    if (offset < 0 || offset > fit.byteSize()) {
      return new FitChunk(INVALID, NOTHING);
    }
    return new FitChunk(SUCCESS, fit.asSlice(offset, Math.min(MAX_BYTES, fit.byteSize() - offset)));
  }

  static FitChunk changed() {
    return new FitChunk(CHANGED, NOTHING);
  }
}
