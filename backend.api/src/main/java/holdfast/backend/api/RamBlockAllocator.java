package holdfast.backend.api;

/**
 * The service that makes RAM blocks. Registered with the properties {@link #BACKEND_KIND} and
 * {@code service.ranking}: among the allocators that {@linkplain #accepts accept} a block, the one
 * with the highest ranking is used.
 *
 * <p>Implementations are safe for use by several threads. They hold nothing that a block needs to
 * live: a service can be unregistered at any time while its blocks are in use.
 */
public interface RamBlockAllocator {

  /**
   * Service property of type String: the {@link #kind()}, for filters like {@code
   * (backend.kind=dax)}.
   */
  String BACKEND_KIND = "backend.kind";

  /** A short name for the kind of backing that this allocator is for: {@code file}, {@code dax}. */
  String kind();

  /**
   * Its ranking among the allocators that accept a block, where nobody configures another one: the
   * highest is used. In a container the property {@code service.ranking} of its service counts.
   */
  default int ranking() {
    return 0;
  }

  /**
   * Whether this allocator takes such a block at all, judged by the question alone; no file is
   * looked at.
   */
  boolean accepts(RamBlockSpec spec);

  /**
   * Makes a block. On failure nothing is left behind: no mapping, descriptor or lock, and no file
   * that was not there before.
   *
   * @throws RamBlockException one type per cause
   * @throws IllegalArgumentException if this allocator does not {@link #accepts accept} {@code
   *     spec}
   */
  RamBlock allocate(RamBlockSpec spec) throws RamBlockException;

  /**
   * Maps the same file again, in this allocator's way, over the addresses of a live block, while
   * readers and writers go on: they see every byte, before, during and after. What was stored
   * before is durable at the old granularity when this returns. {@code present} is retired, and the
   * block returned stands in its place; {@code present}'s file, descriptor and lock pass to it.
   *
   * @param present a block that came from any allocator of this process
   * @throws RemapRefusedException if it can't be done for this block
   * @throws RetiredBlockException if another block stands in {@code present}'s place
   * @throws IllegalStateException if {@code present} is closed
   * @throws IllegalArgumentException if this allocator does not {@link #accepts accept} its spec
   * @throws RamBlockException if it failed
   *     <p>In both cases {@code present} keeps serving, untouched.
   */
  RamBlock remap(RamBlock present) throws RamBlockException;
}
