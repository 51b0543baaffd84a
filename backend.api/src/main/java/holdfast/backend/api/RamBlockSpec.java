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
 * @param numa which NUMA nodes of the host the pages come from
 * @param advice what the kernel is told about the pages at first
 * @param policy what a shortfall in durability does
 */
public record RamBlockSpec(
    BackendId id,
    Backing backing,
    ByteSize size,
    Alignment align,
    EnumSet<RamFlag> flags,
    Preallocation prealloc,
    NumaBinding numa,
    MemoryAdvice advice,
    DurabilityPolicy policy) {

  /**
   * @throws IllegalRamFlagsException if the flags contradict each other or the backing
   * @throws IllegalArgumentException if {@code size} is 0, {@code size} and the backing's offset
   *     together are more than a file can have, or pages are to be made present and not set aside
   */
  public RamBlockSpec {
    Objects.requireNonNull(id);
    Objects.requireNonNull(align);
    Objects.requireNonNull(numa);
    Objects.requireNonNull(advice);
    Objects.requireNonNull(policy);
    if (size.bytes() == 0) {
      throw new IllegalArgumentException(
          "size=0: a RAM block has at least one page; ask for a size such as 4K or 256M");
    }
    if (backing instanceof Backing.File file
        && file.offset().bytes() > Long.MAX_VALUE - size.bytes()) {
      throw new IllegalArgumentException(
          "offset="
              + file.offset()
              + " and size="
              + size
              + " are more than a file can have; ask for less");
    }
    flags = RamFlag.checkRequest(flags, backing);
    if (prealloc.wanted() && flags.contains(RamFlag.RAM_NORESERVE)) {
      throw new IllegalArgumentException(
          "prealloc=on and reserve=off contradict each other: leave one of them out");
    }
  }

  /**
   * A block with no wishes: aligned to the page size, not preallocated, on any NUMA node, with
   * QEMU's default advice and the policy {@code warn}.
   */
  public static RamBlockSpec of(
      BackendId id, Backing backing, ByteSize size, Collection<RamFlag> flags) {
    EnumSet<RamFlag> set = EnumSet.noneOf(RamFlag.class);
    set.addAll(flags);
    return new RamBlockSpec(
        id,
        backing,
        size,
        Alignment.PAGE_SIZE,
        set,
        Preallocation.NONE,
        NumaBinding.NONE,
        MemoryAdvice.DEFAULT,
        DurabilityPolicy.WARN);
  }

  /** The same with another size. */
  public RamBlockSpec withSize(ByteSize other) {
    return new RamBlockSpec(id, backing, other, align, flags, prealloc, numa, advice, policy);
  }

  /** The same with another alignment wish. */
  public RamBlockSpec withAlign(Alignment wish) {
    return new RamBlockSpec(id, backing, size, wish, flags, prealloc, numa, advice, policy);
  }

  /** The same with another preallocation. */
  public RamBlockSpec withPrealloc(Preallocation other) {
    return new RamBlockSpec(id, backing, size, align, flags, other, numa, advice, policy);
  }

  /** The same bound to other NUMA nodes. */
  public RamBlockSpec withNuma(NumaBinding other) {
    return new RamBlockSpec(id, backing, size, align, flags, prealloc, other, advice, policy);
  }

  /** The same with other advice. */
  public RamBlockSpec withAdvice(MemoryAdvice other) {
    return new RamBlockSpec(id, backing, size, align, flags, prealloc, numa, other, policy);
  }

  /** The same with another durability policy. */
  public RamBlockSpec withPolicy(DurabilityPolicy other) {
    return new RamBlockSpec(id, backing, size, align, flags, prealloc, numa, advice, other);
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

  /** Where in its file the block begins; 0 for memory without a file. */
  public ByteSize offset() {
    return backing instanceof Backing.File file ? file.offset() : ByteSize.ZERO;
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
        || !(backing instanceof Backing.File)
        || has(RamFlag.RAM_READONLY)
        || !has(RamFlag.RAM_SHARED)) {
      return Granularity.NONE;
    }
    return has(RamFlag.RAM_PMEM) ? Granularity.CACHE_LINE : Granularity.PAGE;
  }
}
