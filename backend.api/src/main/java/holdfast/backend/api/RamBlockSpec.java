package holdfast.backend.api;

import java.util.Collection;
import java.util.EnumSet;
import java.util.Objects;

/**
 * The question put to an allocator: one block of memory, as its operator asked for it. Immutable.
 *
 * @param id the memory backend's id, for messages
 * @param backing where the bytes live
 * @param size bytes to map, above 0; a multiple of the backing's page size
 * @param align the wish for the alignment of the host address
 * @param flags what is asked for; checked by {@link RamFlag#checkRequest}
 * @param prealloc whether every page is made present before the block is handed out
 * @param policy what a shortfall in durability does
 */
public record RamBlockSpec(
    BackendId id,
    Backing backing,
    ByteSize size,
    Alignment align,
    EnumSet<RamFlag> flags,
    boolean prealloc,
    DurabilityPolicy policy) {

  /**
   * @throws IllegalRamFlagsException if the flags contradict each other or the backing
   * @throws IllegalArgumentException if {@code size} is 0
   */
  public RamBlockSpec {
    Objects.requireNonNull(id);
    Objects.requireNonNull(align);
    Objects.requireNonNull(policy);
    if (size.bytes() == 0) {
      throw new IllegalArgumentException("size=0: a RAM block has at least one page");
    }
    flags = RamFlag.checkRequest(flags, backing);
  }

  /** A block with no alignment wish, no preallocation and the policy {@code warn}. */
  public static RamBlockSpec of(
      BackendId id, Backing backing, ByteSize size, Collection<RamFlag> flags) {
    EnumSet<RamFlag> set = EnumSet.noneOf(RamFlag.class);
    set.addAll(flags);
    return new RamBlockSpec(
        id, backing, size, Alignment.PAGE_SIZE, set, false, DurabilityPolicy.WARN);
  }

  /** The same with another alignment wish. */
  public RamBlockSpec withAlign(Alignment wish) {
    return new RamBlockSpec(id, backing, size, wish, flags, prealloc, policy);
  }

  /** The same with preallocation on or off. */
  public RamBlockSpec withPrealloc(boolean on) {
    return new RamBlockSpec(id, backing, size, align, flags, on, policy);
  }

  /** The same with another durability policy. */
  public RamBlockSpec withPolicy(DurabilityPolicy other) {
    return new RamBlockSpec(id, backing, size, align, flags, prealloc, other);
  }

  /** A copy of the flags asked for. */
  @Override
  public EnumSet<RamFlag> flags() {
    return EnumSet.copyOf(flags);
  }

  /** Whether {@code flag} is asked for. */
  public boolean has(RamFlag flag) {
    return flags.contains(flag);
  }

  /**
   * Whether the flags ask for a mapping that is crash-safe without the kernel's help at each
   * persist: RAM_SHARED and RAM_PMEM, unless the policy is {@code off}.
   */
  public boolean wantsSync() {
    return has(RamFlag.RAM_SHARED) && has(RamFlag.RAM_PMEM) && policy != DurabilityPolicy.OFF;
  }

  /** The granularity that the flags and the policy ask for. */
  public Granularity requestedGranularity() {
    if (policy == DurabilityPolicy.OFF
        || backing instanceof Backing.Anonymous
        || has(RamFlag.RAM_READONLY)
        || !has(RamFlag.RAM_SHARED)) {
      return Granularity.NONE;
    }
    return has(RamFlag.RAM_PMEM) ? Granularity.CACHE_LINE : Granularity.PAGE;
  }
}
