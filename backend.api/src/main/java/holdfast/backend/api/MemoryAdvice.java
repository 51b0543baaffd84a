package holdfast.backend.api;

/**
 * What the kernel is told about a block's pages, madvise(2). Unlike all else that is asked for, it
 * can be changed while the block is in use.
 *
 * @param merge whether pages with the same content may be merged (MADV_MERGEABLE, KSM); the kernel
 *     only ever merges pages that are private to the process
 * @param dump whether the pages are part of a core dump of the process (MADV_DODUMP)
 * @param discardData whether the content is thrown away when the block is closed in order
 *     (MADV_REMOVE): the file keeps its length and reads as zero. Saves writing back what nobody
 *     needs; <b>all data is lost</b>
 */
public record MemoryAdvice(boolean merge, boolean dump, boolean discardData) {
  /** QEMU's defaults: merged, dumped, kept. */
  public static final MemoryAdvice DEFAULT = new MemoryAdvice(true, true, false);
}
