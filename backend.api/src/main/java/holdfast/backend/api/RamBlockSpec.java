package holdfast.backend.api;

import java.util.Collection;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The request for one block of memory, as the operator put it. Immutable.
 *
 * @param id the memory backend's id, for messages
 * @param backing where the bytes live
 * @param size bytes to map, above 0; a multiple of the backing's page size
 * @param align the requested alignment of the host address
 * @param flags the requested flags; checked by {@link RamFlag#checkRequest}
 * @param prealloc whether every page is made present before the block is handed out
 * @param numa which NUMA nodes of the host the pages come from
 * @param advice the initial advice to the kernel about the pages
 * @param policy what happens when the block is less durable than requested
 * @param known the durability of the memory whose bytes it takes over, of which its operator has
 *     been told: the same shortfall is no news; empty for memory of its own
 * @param inherited an open descriptor of the backing, which another process has handed over with
 *     its lock: it is duplicated instead of opening the backing, of which nothing is changed; empty
 *     to open it
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
    DurabilityPolicy policy,
    Optional<Durability> known,
    OptionalInt inherited) {

  /** Makes a request for memory of its own. */
  public RamBlockSpec(
      BackendId id,
      Backing backing,
      ByteSize size,
      Alignment align,
      EnumSet<RamFlag> flags,
      Preallocation prealloc,
      NumaBinding numa,
      MemoryAdvice advice,
      DurabilityPolicy policy) {
    this(
        id,
        backing,
        size,
        align,
        flags,
        prealloc,
        numa,
        advice,
        policy,
        Optional.empty(),
        OptionalInt.empty());
  }

  /**
   * @throws IllegalRamFlagsException if the flags contradict each other or the backing
   * @throws IllegalArgumentException if {@code size} is 0, {@code size} and the backing's offset
   *     together exceed the largest possible file, or the block is to be preallocated and not
   *     reserved
   */
  public RamBlockSpec {
    Objects.requireNonNull(id);
    Objects.requireNonNull(align);
    Objects.requireNonNull(numa);
    Objects.requireNonNull(advice);
    Objects.requireNonNull(policy);
    Objects.requireNonNull(inherited);
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
   * Returns a request with defaults: aligned to the page size, not preallocated, on any NUMA node,
   * with QEMU's default advice and the policy {@code warn}.
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

  /** Returns a copy with another size. */
  public RamBlockSpec withSize(ByteSize other) {
    return new RamBlockSpec(
        id, backing, other, align, flags, prealloc, numa, advice, policy, known, inherited);
  }

  /** Returns a copy with another alignment. */
  public RamBlockSpec withAlign(Alignment wish) {
    return new RamBlockSpec(
        id, backing, size, wish, flags, prealloc, numa, advice, policy, known, inherited);
  }

  /** Returns a copy with another preallocation. */
  public RamBlockSpec withPrealloc(Preallocation other) {
    return new RamBlockSpec(
        id, backing, size, align, flags, other, numa, advice, policy, known, inherited);
  }

  /** Returns a copy bound to other NUMA nodes. */
  public RamBlockSpec withNuma(NumaBinding other) {
    return new RamBlockSpec(
        id, backing, size, align, flags, prealloc, other, advice, policy, known, inherited);
  }

  /** Returns a copy with other advice. */
  public RamBlockSpec withAdvice(MemoryAdvice other) {
    return new RamBlockSpec(
        id, backing, size, align, flags, prealloc, numa, other, policy, known, inherited);
  }

  /** Returns a copy with another durability policy. */
  public RamBlockSpec withPolicy(DurabilityPolicy other) {
    return new RamBlockSpec(
        id, backing, size, align, flags, prealloc, numa, advice, other, known, inherited);
  }

  /** Returns a copy for a block that takes over the bytes of memory with this durability. */
  public RamBlockSpec takingOver(Durability present) {
    return new RamBlockSpec(
        id,
        backing,
        size,
        align,
        flags,
        prealloc,
        numa,
        advice,
        policy,
        Optional.of(present),
        inherited);
  }

  /** Returns a copy for the backing that a descriptor of another process stands for. */
  public RamBlockSpec inheriting(int descriptor) {
    return new RamBlockSpec(
        id,
        backing,
        size,
        align,
        flags,
        prealloc,
        numa,
        advice,
        policy,
        known,
        OptionalInt.of(descriptor));
  }

  /** Returns a copy of the requested flags. */
  @Override
  public EnumSet<RamFlag> flags() {
    return EnumSet.copyOf(flags);
  }

  /** Returns whether {@code flag} is requested. */
  public boolean has(RamFlag flag) {
    return flags.contains(flag);
  }

  /** Returns where in its file the block begins; 0 for memory without a file. */
  public ByteSize offset() {
    return backing instanceof Backing.File file ? file.offset() : ByteSize.ZERO;
  }

  /**
   * Returns whether the flags ask for a mapping that is crash-safe without the kernel's help at
   * each persist: RAM_SHARED and RAM_PMEM, unless the policy is {@code off}.
   */
  public boolean wantsSync() {
    return has(RamFlag.RAM_SHARED) && has(RamFlag.RAM_PMEM) && policy != DurabilityPolicy.OFF;
  }

  /** Returns the granularity that the flags and the policy ask for. */
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
