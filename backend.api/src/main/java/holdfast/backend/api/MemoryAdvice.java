package holdfast.backend.api;

/**
 * The advice that the kernel gets about a block's pages, madvise(2). Unlike the rest of a block's
 * request, it can change while the block is in use.
 *
 * @param merge whether pages with the same content may be merged (MADV_MERGEABLE, KSM); the kernel
 *     merges only pages that are private to the process
 * @param dump whether a core dump of the process includes the pages (MADV_DODUMP)
 * @param discardData whether the content is discarded when the block is closed in order
 *     (MADV_REMOVE): the file keeps its length and reads as zero. Saves writing back what is no
 *     longer needed; <b>all data is lost</b>
 */
public record MemoryAdvice(boolean merge, boolean dump, boolean discardData) {
  /** QEMU's defaults: merged, dumped, not discarded. */
  public static final MemoryAdvice DEFAULT = new MemoryAdvice(true, true, false);
}
