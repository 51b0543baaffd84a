package holdfast.backend.api;

import java.util.Collection;
import java.util.EnumSet;

/**
 * A property of a RAM block's mapping. A set of flags is an {@code EnumSet<RamFlag>}; {@link
 * #checkRequest} and {@link #checkObtained} decide which sets are legal.
 *
 * <p>The names are those of QEMU's RAM block flags; {@code RAM_SYNC} is the name that the MAP_SYNC
 * patch series used. The mapper alone translates these flags into mmap(2) flags.
 */
public enum RamFlag {
  /**
   * Stores reach the file and every other process that maps it ({@code MAP_SHARED}).
   *
   * <p>Costs: another mapping of the same file can change the bytes under the guest. Without this
   * flag, stores go to private copies of the pages: they are lost at close and cost a copy of each
   * page written, and the block can't be re-mapped while it is in use.
   */
  RAM_SHARED,

  /**
   * The backing is persistent memory: stores become durable when CPU caches are flushed, and
   * together with {@link #RAM_SHARED} the mapping is attempted with {@code
   * MAP_SHARED_VALIDATE|MAP_SYNC}.
   *
   * <p>Costs: on a file that is not on a DAX file system this gains nothing, and a warning is
   * given.
   */
  RAM_PMEM,

  /**
   * The kernel accepted {@code MAP_SHARED_VALIDATE|MAP_SYNC} on this mapping and shows it ({@code
   * sf} in the mapping's VmFlags): after a crash the file system can find every page that was
   * stored into. Obtained only, never requested.
   *
   * <p>Costs: the first store into each page that has no allocated, written block behind it waits
   * for the file system's journal. Says nothing about CPU caches, which still have to be flushed.
   */
  RAM_SYNC,

  /**
   * Neither swap space nor file space is reserved ({@code MAP_NORESERVE}, no {@code fallocate(2)}).
   *
   * <p>Costs: a full disk or exhausted memory hits the guest in the middle of a store, instead of
   * the operator at start.
   */
  RAM_NORESERVE,

  /**
   * The memory is mapped read-only, as ROM; its file is opened read-only, too.
   *
   * <p>Costs: a store into the block is an error of the writer. An NVDIMM on it must be unarmed, so
   * that its guest knows.
   */
  RAM_READONLY,

  /**
   * The file is opened read-only. Without {@link #RAM_READONLY} the memory is still writable, in
   * private copies of the pages: the file is a template that any number of machines can start from.
   *
   * <p>Costs: excludes {@link #RAM_SHARED} unless the memory is read-only as well.
   */
  RAM_READONLY_FD;

  /**
   * Checks a requested set of flags.
   *
   * @return a copy of {@code flags}
   * @throws IllegalRamFlagsException if a block on {@code backing} can't be requested with them
   */
  public static EnumSet<RamFlag> checkRequest(Collection<RamFlag> flags, Backing backing) {
    EnumSet<RamFlag> set = copyOf(flags);
    if (set.contains(RAM_SYNC)) {
      throw new IllegalRamFlagsException(
          set, "RAM_SYNC is what the kernel grants: ask for it with RAM_SHARED and RAM_PMEM");
    }
    if (!(backing instanceof Backing.File)) {
      if (set.contains(RAM_PMEM)) {
        throw new IllegalRamFlagsException(set, "RAM_PMEM needs a file: this memory has none");
      }
      if (set.contains(RAM_READONLY) || set.contains(RAM_READONLY_FD)) {
        throw new IllegalRamFlagsException(
            set, "RAM_READONLY needs a file: " + backing + " would stay zero for ever");
      }
    }
    if (set.contains(RAM_SHARED) && set.contains(RAM_READONLY_FD) && !set.contains(RAM_READONLY)) {
      throw new IllegalRamFlagsException(
          set, "RAM_SHARED stores would have to reach a file that RAM_READONLY_FD can't write");
    }
    return set;
  }

  /**
   * Checks the flags that an allocator reports as obtained for a request.
   *
   * @return a copy of {@code obtained}
   * @throws IllegalRamFlagsException if {@code obtained} has a flag that was not requested, or
   *     RAM_SYNC on a mapping that can't have it
   */
  public static EnumSet<RamFlag> checkObtained(
      Collection<RamFlag> requested, Collection<RamFlag> obtained) {
    EnumSet<RamFlag> set = copyOf(obtained);
    if (set.contains(RAM_SYNC) && !(set.contains(RAM_SHARED) && set.contains(RAM_PMEM))) {
      throw new IllegalRamFlagsException(set, "RAM_SYNC without RAM_SHARED and RAM_PMEM");
    }
    EnumSet<RamFlag> extra = EnumSet.copyOf(set);
    extra.remove(RAM_SYNC);
    extra.removeAll(requested);
    if (!extra.isEmpty()) {
      throw new IllegalRamFlagsException(set, extra + " obtained but never requested");
    }
    return set;
  }

  private static EnumSet<RamFlag> copyOf(Collection<RamFlag> flags) {
    return flags.isEmpty() ? EnumSet.noneOf(RamFlag.class) : EnumSet.copyOf(flags);
  }
}
