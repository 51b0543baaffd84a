package holdfast.host.linux;

import holdfast.host.linux.internal.linux.CommonConstants;
import holdfast.host.linux.internal.linux.HandWrittenConstants;
import holdfast.host.linux.internal.linux.LinuxArchitectures;
import holdfast.host.linux.internal.linux.LinuxConstant;
import holdfast.host.linux.internal.linux.LinuxFamily;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The numbers of the kernel's interface, as the headers of each architecture have them ({@code
 * cnf/update-linux-headers}). What all architectures agree on is a constant of this class; what
 * differs is asked of an instance, {@link Libc#constants}, so that nobody uses the numbers of one
 * host in calls of another. A constant that an architecture doesn't have is 0, so that the same
 * code maps there without it.
 */
public final class KernelConstants {

  /** PROT_NONE, everywhere. */
  public static final int PROT_NONE = CommonConstants.PROT_NONE;

  /** PROT_READ, everywhere. */
  public static final int PROT_READ = CommonConstants.PROT_READ;

  /** PROT_WRITE, everywhere. */
  public static final int PROT_WRITE = CommonConstants.PROT_WRITE;

  /** MAP_SHARED, everywhere. */
  public static final int MAP_SHARED = CommonConstants.MAP_SHARED;

  /** MAP_PRIVATE, everywhere. */
  public static final int MAP_PRIVATE = CommonConstants.MAP_PRIVATE;

  /** MREMAP_MAYMOVE and MREMAP_FIXED, which requires it, everywhere. */
  public static final int MREMAP_FIXED =
      CommonConstants.MREMAP_MAYMOVE | CommonConstants.MREMAP_FIXED;

  /** MREMAP_MAYMOVE and MREMAP_DONTUNMAP (Linux 5.7; of files 5.13), everywhere. */
  public static final int MREMAP_DONTUNMAP =
      CommonConstants.MREMAP_MAYMOVE | CommonConstants.MREMAP_DONTUNMAP;

  /** MADV_RANDOM, everywhere. */
  public static final int MADV_RANDOM = CommonConstants.MADV_RANDOM;

  /** MADV_DONTFORK, everywhere. */
  public static final int MADV_DONTFORK = CommonConstants.MADV_DONTFORK;

  /** MADV_REMOVE, everywhere. */
  public static final int MADV_REMOVE = CommonConstants.MADV_REMOVE;

  /** MADV_POPULATE_READ (Linux 5.14), everywhere. */
  public static final int MADV_POPULATE_READ = CommonConstants.MADV_POPULATE_READ;

  /** MADV_POPULATE_WRITE (Linux 5.14), everywhere. */
  public static final int MADV_POPULATE_WRITE = CommonConstants.MADV_POPULATE_WRITE;

  /** O_RDONLY, everywhere. */
  public static final int O_RDONLY = CommonConstants.O_RDONLY;

  /** O_RDWR, everywhere. */
  public static final int O_RDWR = CommonConstants.O_RDWR;

  /** MFD_CLOEXEC, everywhere. */
  public static final int MFD_CLOEXEC = CommonConstants.MFD_CLOEXEC;

  /** MFD_ALLOW_SEALING, everywhere. */
  public static final int MFD_ALLOW_SEALING = CommonConstants.MFD_ALLOW_SEALING;

  /** MFD_HUGETLB (Linux 4.14), everywhere. */
  public static final int MFD_HUGETLB = CommonConstants.MFD_HUGETLB;

  /** The shift of the binary logarithm of a huge page size in MFD flags. */
  public static final int MAP_HUGE_SHIFT = CommonConstants.MAP_HUGE_SHIFT;

  /** F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_SEAL: the size can never change again. */
  public static final int F_SEAL_SIZE =
      CommonConstants.F_SEAL_SHRINK | CommonConstants.F_SEAL_GROW | CommonConstants.F_SEAL_SEAL;

  /** MPOL_PREFERRED, everywhere. */
  public static final int MPOL_PREFERRED = CommonConstants.MPOL_PREFERRED;

  /** MPOL_PREFERRED_MANY (Linux 5.15), everywhere. */
  public static final int MPOL_PREFERRED_MANY = CommonConstants.MPOL_PREFERRED_MANY;

  /** MPOL_BIND, everywhere. */
  public static final int MPOL_BIND = CommonConstants.MPOL_BIND;

  /** MPOL_INTERLEAVE, everywhere. */
  public static final int MPOL_INTERLEAVE = CommonConstants.MPOL_INTERLEAVE;

  /** MPOL_MF_STRICT, everywhere. */
  public static final int MPOL_MF_STRICT = CommonConstants.MPOL_MF_STRICT;

  /** MPOL_MF_MOVE, everywhere. */
  public static final int MPOL_MF_MOVE = CommonConstants.MPOL_MF_MOVE;

  /** FALLOC_FL_PUNCH_HOLE and FALLOC_FL_KEEP_SIZE, which it requires, everywhere. */
  public static final int FALLOC_PUNCH_HOLE =
      CommonConstants.FALLOC_FL_PUNCH_HOLE | CommonConstants.FALLOC_FL_KEEP_SIZE;

  /** SYNC_FILE_RANGE_WRITE, everywhere. */
  public static final int SYNC_FILE_RANGE_WRITE = CommonConstants.SYNC_FILE_RANGE_WRITE;

  /** SYNC_FILE_RANGE_WAIT_BEFORE, everywhere. */
  public static final int SYNC_FILE_RANGE_WAIT_BEFORE = CommonConstants.SYNC_FILE_RANGE_WAIT_BEFORE;

  /** UFFD_USER_MODE_ONLY (Linux 5.11), everywhere. */
  public static final int UFFD_USER_MODE_ONLY = CommonConstants.UFFD_USER_MODE_ONLY;

  /** UFFD_FEATURE_EVENT_REMAP (Linux 4.11), everywhere. */
  public static final int UFFD_FEATURE_EVENT_REMAP = CommonConstants.UFFD_FEATURE_EVENT_REMAP;

  /** UFFD_FEATURE_WP_HUGETLBFS_SHMEM (Linux 5.19), everywhere. */
  public static final int UFFD_FEATURE_WP_HUGETLBFS_SHMEM =
      CommonConstants.UFFD_FEATURE_WP_HUGETLBFS_SHMEM;

  /** UFFD_FEATURE_WP_UNPOPULATED (Linux 6.4), everywhere. */
  public static final int UFFD_FEATURE_WP_UNPOPULATED =
      HandWrittenConstants.UFFD_FEATURE_WP_UNPOPULATED;

  /** UFFD_FEATURE_WP_ASYNC (Linux 6.7), everywhere. */
  public static final int UFFD_FEATURE_WP_ASYNC = HandWrittenConstants.UFFD_FEATURE_WP_ASYNC;

  /** UFFDIO_REGISTER_MODE_WP (Linux 5.7), everywhere. */
  public static final int UFFDIO_REGISTER_MODE_WP = CommonConstants.UFFDIO_REGISTER_MODE_WP;

  /** UFFDIO_WRITEPROTECT_MODE_WP (Linux 5.7), everywhere. */
  public static final int UFFDIO_WRITEPROTECT_MODE_WP = CommonConstants.UFFDIO_WRITEPROTECT_MODE_WP;

  /** PM_SCAN_WP_MATCHING (Linux 6.7), everywhere. */
  public static final int PM_SCAN_WP_MATCHING = HandWrittenConstants.PM_SCAN_WP_MATCHING;

  /** PM_SCAN_CHECK_WPASYNC (Linux 6.7), everywhere. */
  public static final int PM_SCAN_CHECK_WPASYNC = HandWrittenConstants.PM_SCAN_CHECK_WPASYNC;

  /** PAGE_IS_WRITTEN (Linux 6.7), everywhere. */
  public static final int PAGE_IS_WRITTEN = HandWrittenConstants.PAGE_IS_WRITTEN;

  private final LinuxFamily linux;

  /** Constants that are 0 although the headers have them, since the kernel is another one. */
  private final Set<LinuxConstant> missing;

  private KernelConstants(LinuxFamily linux, Set<LinuxConstant> missing) {
    this.linux = linux;
    this.missing = missing;
  }

  private KernelConstants without(LinuxConstant... constants) {
    Set<LinuxConstant> more = EnumSet.copyOf(List.of(constants));
    more.addAll(missing);
    return new KernelConstants(linux, more);
  }

  private int value(LinuxConstant constant) {
    return missing.contains(constant) ? 0 : linux.value(constant);
  }

  /**
   * Returns the constants of Linux on an architecture.
   *
   * @param architecture as in the system property {@code os.arch}
   * @throws UnsupportedOperationException for an architecture whose numbers are not known
   */
  public static KernelConstants of(String architecture) {
    LinuxFamily linux =
        LinuxArchitectures.family(architecture)
            .orElseThrow(
                () ->
                    new UnsupportedOperationException(
                        "Holdfast doesn't know the kernel's constants on the architecture '"
                            + architecture
                            + "', only those on "
                            + String.join(", ", LinuxArchitectures.NAMES)));
    return new KernelConstants(linux, Set.of());
  }

  /**
   * Returns the constants of an operating system on an architecture.
   *
   * <p>A system other than Linux has neither MAP_SYNC nor MAP_SHARED_VALIDATE: both are 0, and the
   * same code maps without them. The other numbers are then those of Linux' generic family,
   * whatever the architecture; a {@link Libc} for such a system has to translate them. {@link
   * HostLibc} has none: it refuses such a host.
   *
   * @param system as in the system property {@code os.name}
   * @param architecture as in the system property {@code os.arch}
   * @throws UnsupportedOperationException for an architecture of Linux whose numbers are not known
   */
  public static KernelConstants of(String system, String architecture) {
    return system.equals("Linux") ? of(architecture) : of("amd64").withoutSync();
  }

  /** Returns these constants for a kernel that has neither MAP_SYNC nor MAP_SHARED_VALIDATE. */
  public KernelConstants withoutSync() {
    return without(LinuxConstant.MAP_SHARED_VALIDATE, LinuxConstant.MAP_SYNC);
  }

  /** Returns these constants for a kernel before 4.17, which has no MAP_FIXED_NOREPLACE. */
  public KernelConstants withoutFixedNoreplace() {
    return without(LinuxConstant.MAP_FIXED_NOREPLACE);
  }

  /** Returns MAP_FIXED. */
  public int mapFixed() {
    return value(LinuxConstant.MAP_FIXED);
  }

  /** Returns MAP_FIXED_NOREPLACE (Linux 4.17). */
  public int mapFixedNoreplace() {
    return value(LinuxConstant.MAP_FIXED_NOREPLACE);
  }

  /** Returns MAP_ANONYMOUS. */
  public int mapAnonymous() {
    return value(LinuxConstant.MAP_ANONYMOUS);
  }

  /** Returns MAP_NORESERVE. */
  public int mapNoreserve() {
    return value(LinuxConstant.MAP_NORESERVE);
  }

  /** Returns MAP_SHARED_VALIDATE (Linux 4.15), 0 on other systems than Linux. */
  public int mapSharedValidate() {
    return value(LinuxConstant.MAP_SHARED_VALIDATE);
  }

  /**
   * Returns MAP_SYNC (Linux 4.15), 0 where it is missing: on alpha, mips and parisc, where other
   * architectures' number stands for another flag, and on other systems than Linux.
   */
  public int mapSync() {
    return value(LinuxConstant.MAP_SYNC);
  }

  /** Returns MS_SYNC. */
  public int msSync() {
    return value(LinuxConstant.MS_SYNC);
  }

  /** Returns O_DIRECTORY. */
  public int openDirectory() {
    return value(LinuxConstant.O_DIRECTORY);
  }

  /** Returns O_NOFOLLOW. */
  public int openNofollow() {
    return value(LinuxConstant.O_NOFOLLOW);
  }

  /** Returns MADV_MERGEABLE. */
  public int madvMergeable() {
    return value(LinuxConstant.MADV_MERGEABLE);
  }

  /** Returns MADV_UNMERGEABLE. */
  public int madvUnmergeable() {
    return value(LinuxConstant.MADV_UNMERGEABLE);
  }

  /** Returns MADV_DONTDUMP. */
  public int madvDontdump() {
    return value(LinuxConstant.MADV_DONTDUMP);
  }

  /** Returns MADV_DODUMP. */
  public int madvDodump() {
    return value(LinuxConstant.MADV_DODUMP);
  }

  /** Returns MADV_HUGEPAGE. */
  public int madvHugepage() {
    return value(LinuxConstant.MADV_HUGEPAGE);
  }

  /** Returns MADV_NOHUGEPAGE. */
  public int madvNohugepage() {
    return value(LinuxConstant.MADV_NOHUGEPAGE);
  }

  /** Returns O_CREAT. */
  public int openCreat() {
    return value(LinuxConstant.O_CREAT);
  }

  /** Returns O_EXCL. */
  public int openExcl() {
    return value(LinuxConstant.O_EXCL);
  }

  /** Returns O_CLOEXEC. */
  public int openCloexec() {
    return value(LinuxConstant.O_CLOEXEC);
  }

  /** Returns O_PATH. */
  public int openPath() {
    return value(LinuxConstant.O_PATH);
  }

  /** Returns O_TMPFILE (Linux 3.11). */
  public int openTmpfile() {
    return value(LinuxConstant.O_TMPFILE);
  }

  /** Returns O_NONBLOCK. */
  public int openNonblock() {
    return value(LinuxConstant.O_NONBLOCK);
  }

  /** Returns the names of the mmap(2) flags in {@code flags}, in mmap(2)'s order. */
  public String mapFlagNames(int flags) {
    List<String> names = new ArrayList<>();
    boolean validate = mapSharedValidate() != 0 && (flags & 0xF) == mapSharedValidate();
    names.add(
        validate
            ? "MAP_SHARED_VALIDATE"
            : (flags & MAP_SHARED) != 0 ? "MAP_SHARED" : "MAP_PRIVATE");
    addIf(names, flags, mapSync(), "MAP_SYNC");
    addIf(names, flags, mapFixed(), "MAP_FIXED");
    addIf(names, flags, mapFixedNoreplace(), "MAP_FIXED_NOREPLACE");
    addIf(names, flags, mapAnonymous(), "MAP_ANONYMOUS");
    addIf(names, flags, mapNoreserve(), "MAP_NORESERVE");
    return String.join("|", names);
  }

  private static void addIf(List<String> names, int flags, int bit, String name) {
    if (bit != 0 && (flags & bit) == bit) {
      names.add(name);
    }
  }
}
