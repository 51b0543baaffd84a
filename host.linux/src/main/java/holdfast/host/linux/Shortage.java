package holdfast.host.linux;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * Finds out what is used up when a step fails for want of something: the kernel's errno names
 * neither the limit nor how much is left. Each method returns what to do about it, as half a
 * sentence.
 */
final class Shortage {
  private final Step step;
  private final Scene scene;

  Shortage(Step step, Scene scene) {
    this.step = step;
    this.scene = scene;
  }

  /** ENOSPC, which says only that something is used up. */
  String noSpace() {
    if (scene.hugePage().isPresent()) {
      return noHugePages();
    }
    if (scene.fileSystem().isEmpty()) {
      return "free some space, ask for less, or use another file system";
    }
    FileSystemStatus there = scene.fileSystem().get();
    if (step == Step.CREATE && there.isOutOfFiles()) {
      return there.name()
          + " there has space, but no inode left for another file: remove some of its "
          + there.files()
          + " files"
          + (there.isVolatile() ? ", or mount it with a greater nr_inodes=" : ", or use another");
    }
    String had =
        there.size() == 0
            ? ""
            : there.name()
                + " there has "
                + rounded(there.available())
                + " free of "
                + rounded(there.size())
                + ": ";
    return had
        + "free some space, ask for less, "
        + (there.isVolatile() ? "or mount it with a greater size=" : "or use another file system");
  }

  /**
   * Finds out which limit was reached: a mount of hugetlbfs may have its own, below the host's
   * pool.
   */
  String noHugePages() {
    long page = scene.hugePage().orElseThrow();
    FileSystemStatus mount = scene.fileSystem().orElse(new FileSystemStatus(0, 0));
    if (step == Step.CREATE && mount.isOutOfFiles()) {
      return "its mount of hugetlbfs has no inode left for another file: remove one, or mount it"
          + " with a greater nr_inodes=";
    }
    if (mount.size() > 0 && mount.available() < scene.request().size()) {
      return "its mount of hugetlbfs is limited to "
          + exact(mount.size())
          + ", of which "
          + exact(mount.available())
          + " is free: ask for less, or mount it with a greater size=";
    }
    OptionalLong free = scene.freeHugePages(page);
    return (free.isPresent()
            ? "the host has " + free.getAsLong() + " huge pages of " + exact(page) + " to spare: "
            : "")
        + "free some huge pages of "
        + exact(page)
        + ", or have the host provide more (sysctl vm.nr_hugepages, or "
        + scene.pool(page).resolve("nr_hugepages")
        + ")";
  }

  /** EFBIG: a limit of the process, or of the file system. */
  String tooBig() {
    OptionalLong limit = scene.limit(Scene.Limit.FILE_SIZE);
    if (limit.isPresent() && limit.getAsLong() < scene.request().end()) {
      return "this process may make files of "
          + rounded(limit.getAsLong())
          + " at most: raise ulimit -f, or ask for less";
    }
    return scene.fileSystem().map(FileSystemStatus::name).orElse("the file system there")
        + " can't hold a file of "
        + rounded(scene.request().end())
        + ": ask for less, or use another file system";
  }

  /** ENOMEM of mmap(2) without access, which needs only addresses, no memory. */
  String noAddresses() {
    Optional<String> limited = limitedAddresses();
    if (limited.isPresent()) {
      return limited.get();
    }
    long align = scene.request().align();
    return "no address space is free for that"
        + (align == 0 ? "" : " and align=" + exact(align))
        + ": ask for less";
  }

  /** ENOMEM of a mapping of small pages. */
  String noMapping() {
    Optional<String> limited = limitedAddresses();
    if (limited.isPresent()) {
      return limited.get();
    }
    boolean counted = !scene.request().shared() || isMemory();
    OptionalLong rule = scene.sysctl("vm/overcommit_memory");
    if (counted && rule.isPresent() && rule.getAsLong() == 2) {
      return "sysctl vm.overcommit_memory=2 lets nobody promise more than CommitLimit in"
          + " /proc/meminfo: raise vm.overcommit_ratio, add swap space, or ask for less";
    }
    if (counted && rule.isPresent() && rule.getAsLong() == 0) {
      return "that is more memory than the host has: ask for less, add swap space, or set"
          + " reserve=off";
    }
    return "the host has no memory left for it: free some, or ask for less";
  }

  private boolean isMemory() {
    return scene.request().file().isEmpty();
  }

  private Optional<String> limitedAddresses() {
    OptionalLong addresses = scene.limit(Scene.Limit.ADDRESS_SPACE);
    if (addresses.isPresent()) {
      return Optional.of(
          "this process may have addresses for "
              + rounded(addresses.getAsLong())
              + " at most: raise ulimit -v, or ask for less");
    }
    OptionalLong most = scene.sysctl("vm/max_map_count");
    long mappings = scene.mappings();
    // minus a few: the failed call may have needed two more, and some may have been unmapped
    // since
    if (most.isPresent() && mappings > most.getAsLong() - 16) {
      return Optional.of(
          "this process has "
              + mappings
              + " mappings, and may have "
              + most.getAsLong()
              + ": raise sysctl vm.max_map_count");
    }
    return Optional.empty();
  }

  String tooMuchLocked() {
    OptionalLong limit = scene.limit(Scene.Limit.LOCKED_MEMORY);
    return limit.isPresent()
        ? "the memory of this process is locked (mlockall(2)), and it may lock "
            + rounded(limit.getAsLong())
            + " at most: raise ulimit -l"
        : "the file is locked by another program: end that first";
  }

  /** EFAULT of MADV_POPULATE: where a guest would get SIGBUS. */
  String nothingBehind() {
    if (scene.hugePage().isPresent()) {
      return noHugePages();
    }
    return isMemory()
        ? "the host can't provide its pages: set prealloc=off"
        : noSpace() + "; or set prealloc=off";
  }

  String exact(long bytes) {
    return scene.request().exact(bytes);
  }

  private String rounded(long bytes) {
    return scene.request().rounded(bytes);
  }

  String now(Scene.Limit limit) {
    OptionalLong number = scene.limit(limit);
    return number.isPresent() ? " (now " + number.getAsLong() + ")" : "";
  }
}
