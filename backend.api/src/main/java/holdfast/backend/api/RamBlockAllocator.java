package holdfast.backend.api;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The service that makes RAM blocks. Registered with the properties {@link #BACKEND_KIND} and
 * {@code service.ranking}: of the allocators that {@linkplain #accepts accept} a block, the one
 * with the highest ranking is used.
 *
 * <p>Implementations are thread-safe. They hold nothing that a block needs to live: a service can
 * be unregistered at any time while its blocks are in use.
 */
@ProviderType
public interface RamBlockAllocator {

  /**
   * Service property of type String with the value of {@link #kind()}, for filters like {@code
   * (backend.kind=dax)}.
   */
  String BACKEND_KIND = "backend.kind";

  /**
   * Returns a short name for the kind of backing that this allocator is for: {@code file}, {@code
   * dax}.
   */
  String kind();

  /**
   * Returns this allocator's default ranking; of the allocators that accept a block, the one with
   * the highest is used. In an OSGi container the property {@code service.ranking} of its service
   * counts instead.
   */
  default int ranking() {
    return 0;
  }

  /**
   * Returns whether this allocator accepts such a block, judged by {@code spec} alone; no file is
   * examined.
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
   * Maps the same file again in this allocator's way, over the addresses of a live block, while
   * readers and writers continue: they see every byte before, during and after. What was stored
   * before is durable at the old granularity when this returns. {@code present} is retired, and the
   * block returned takes its place, with {@code present}'s file, descriptor and lock.
   *
   * <p>If this fails, {@code present} keeps serving. If the failure cost its mapping MAP_SYNC, that
   * is logged, and a block without MAP_SYNC is returned in {@code present}'s place.
   *
   * @param present a block from any allocator of this process
   * @throws RemapRefusedException if this block can't be re-mapped
   * @throws RetiredBlockException if another block has taken {@code present}'s place
   * @throws IllegalStateException if {@code present} is closed
   * @throws IllegalArgumentException if this allocator does not {@link #accepts accept} its spec
   * @throws RamBlockException if it failed, one type per cause
   */
  RamBlock remap(RamBlock present) throws RamBlockException;
}
