package holdfast.host.linux;

import holdfast.host.linux.internal.linux.Everywhere;
import holdfast.host.linux.internal.linux.LinuxArchitectures;
import holdfast.host.linux.internal.linux.LinuxConstant;
import holdfast.host.linux.internal.linux.LinuxFamily;
import holdfast.host.linux.internal.linux.NewerLinux;
import java.util.ArrayList;
import java.util.List;

/**
 * The numbers of the kernel's interface, as the headers of each architecture have them ({@code
 * cnf/update-linux-headers}). A constant that an architecture doesn't have is 0, so that the same
 * code maps there without it.
 *
 * @param mapFixed MAP_FIXED
 * @param mapFixedNoreplace MAP_FIXED_NOREPLACE (Linux 4.17)
 * @param mapAnonymous MAP_ANONYMOUS
 * @param mapNoreserve MAP_NORESERVE
 * @param mapSharedValidate MAP_SHARED_VALIDATE (Linux 4.15), 0 on other systems than Linux
 * @param mapSync MAP_SYNC (Linux 4.15), 0 where it is missing: on alpha, mips and parisc, where
 *     other architectures' number stands for another flag, and on other systems than Linux
 * @param msSync MS_SYNC
 * @param openDirectory O_DIRECTORY
 * @param openNofollow O_NOFOLLOW
 */
public record KernelConstants(
    int mapFixed,
    int mapFixedNoreplace,
    int mapAnonymous,
    int mapNoreserve,
    int mapSharedValidate,
    int mapSync,
    int msSync,
    int openDirectory,
    int openNofollow) {

  /** PROT_NONE, everywhere. */
  public static final int PROT_NONE = Everywhere.PROT_NONE;

  /** PROT_READ, everywhere. */
  public static final int PROT_READ = Everywhere.PROT_READ;

  /** PROT_WRITE, everywhere. */
  public static final int PROT_WRITE = Everywhere.PROT_WRITE;

  /** MAP_SHARED, everywhere. */
  public static final int MAP_SHARED = Everywhere.MAP_SHARED;

  /** MAP_PRIVATE, everywhere. */
  public static final int MAP_PRIVATE = Everywhere.MAP_PRIVATE;

  /** MREMAP_MAYMOVE and MREMAP_FIXED, which requires it, everywhere. */
  public static final int MREMAP_FIXED = Everywhere.MREMAP_MAYMOVE | Everywhere.MREMAP_FIXED;

  /** MADV_DONTFORK, everywhere. */
  public static final int MADV_DONTFORK = Everywhere.MADV_DONTFORK;

  /** MADV_DONTNEED on this host. */
  public static final int MADV_DONTNEED = onThisHost(LinuxConstant.MADV_DONTNEED);

  /** MADV_REMOVE, everywhere. */
  public static final int MADV_REMOVE = Everywhere.MADV_REMOVE;

  /** MADV_MERGEABLE on this host. */
  public static final int MADV_MERGEABLE = onThisHost(LinuxConstant.MADV_MERGEABLE);

  /** MADV_UNMERGEABLE on this host. */
  public static final int MADV_UNMERGEABLE = onThisHost(LinuxConstant.MADV_UNMERGEABLE);

  /** MADV_DONTDUMP on this host. */
  public static final int MADV_DONTDUMP = onThisHost(LinuxConstant.MADV_DONTDUMP);

  /** MADV_DODUMP on this host. */
  public static final int MADV_DODUMP = onThisHost(LinuxConstant.MADV_DODUMP);

  /** MADV_HUGEPAGE on this host. */
  public static final int MADV_HUGEPAGE = onThisHost(LinuxConstant.MADV_HUGEPAGE);

  /** MADV_POPULATE_READ (Linux 5.14), everywhere. */
  public static final int MADV_POPULATE_READ = Everywhere.MADV_POPULATE_READ;

  /** MADV_POPULATE_WRITE (Linux 5.14), everywhere. */
  public static final int MADV_POPULATE_WRITE = Everywhere.MADV_POPULATE_WRITE;

  /** O_RDONLY, everywhere. */
  public static final int O_RDONLY = Everywhere.O_RDONLY;

  /** O_RDWR, everywhere. */
  public static final int O_RDWR = Everywhere.O_RDWR;

  /** O_CREAT on this host. */
  public static final int O_CREAT = onThisHost(LinuxConstant.O_CREAT);

  /** O_EXCL on this host. */
  public static final int O_EXCL = onThisHost(LinuxConstant.O_EXCL);

  /** O_CLOEXEC on this host. */
  public static final int O_CLOEXEC = onThisHost(LinuxConstant.O_CLOEXEC);

  /** O_PATH on this host. */
  public static final int O_PATH = onThisHost(LinuxConstant.O_PATH);

  /** O_TMPFILE (Linux 3.11) on this host. */
  public static final int O_TMPFILE = onThisHost(LinuxConstant.O_TMPFILE);

  /** MFD_CLOEXEC, everywhere. */
  public static final int MFD_CLOEXEC = Everywhere.MFD_CLOEXEC;

  /** MFD_ALLOW_SEALING, everywhere. */
  public static final int MFD_ALLOW_SEALING = Everywhere.MFD_ALLOW_SEALING;

  /** MFD_HUGETLB (Linux 4.14), everywhere. */
  public static final int MFD_HUGETLB = Everywhere.MFD_HUGETLB;

  /** The shift of the binary logarithm of a huge page size in MFD flags. */
  public static final int MAP_HUGE_SHIFT = Everywhere.MAP_HUGE_SHIFT;

  /** F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_SEAL: the size can never change again. */
  public static final int F_SEAL_SIZE =
      Everywhere.F_SEAL_SHRINK | Everywhere.F_SEAL_GROW | Everywhere.F_SEAL_SEAL;

  /** MPOL_PREFERRED, everywhere. */
  public static final int MPOL_PREFERRED = Everywhere.MPOL_PREFERRED;

  /** MPOL_PREFERRED_MANY (Linux 5.15), everywhere. */
  public static final int MPOL_PREFERRED_MANY = Everywhere.MPOL_PREFERRED_MANY;

  /** MPOL_BIND, everywhere. */
  public static final int MPOL_BIND = Everywhere.MPOL_BIND;

  /** MPOL_INTERLEAVE, everywhere. */
  public static final int MPOL_INTERLEAVE = Everywhere.MPOL_INTERLEAVE;

  /** MPOL_MF_STRICT, everywhere. */
  public static final int MPOL_MF_STRICT = Everywhere.MPOL_MF_STRICT;

  /** MPOL_MF_MOVE, everywhere. */
  public static final int MPOL_MF_MOVE = Everywhere.MPOL_MF_MOVE;

  /** FALLOC_FL_PUNCH_HOLE and FALLOC_FL_KEEP_SIZE, which it requires, everywhere. */
  public static final int FALLOC_PUNCH_HOLE =
      Everywhere.FALLOC_FL_PUNCH_HOLE | Everywhere.FALLOC_FL_KEEP_SIZE;

  /** SYNC_FILE_RANGE_WAIT_BEFORE, everywhere. */
  public static final int SYNC_FILE_RANGE_WAIT_BEFORE = Everywhere.SYNC_FILE_RANGE_WAIT_BEFORE;

  /** O_NONBLOCK on this host. */
  public static final int O_NONBLOCK = onThisHost(LinuxConstant.O_NONBLOCK);

  /** UFFD_USER_MODE_ONLY (Linux 5.11), everywhere. */
  public static final int UFFD_USER_MODE_ONLY = Everywhere.UFFD_USER_MODE_ONLY;

  /** UFFD_FEATURE_WP_HUGETLBFS_SHMEM (Linux 5.19), everywhere. */
  public static final int UFFD_FEATURE_WP_HUGETLBFS_SHMEM =
      Everywhere.UFFD_FEATURE_WP_HUGETLBFS_SHMEM;

  /** UFFD_FEATURE_WP_UNPOPULATED (Linux 6.4), everywhere. */
  public static final int UFFD_FEATURE_WP_UNPOPULATED = NewerLinux.UFFD_FEATURE_WP_UNPOPULATED;

  /** UFFD_FEATURE_WP_ASYNC (Linux 6.7), everywhere. */
  public static final int UFFD_FEATURE_WP_ASYNC = NewerLinux.UFFD_FEATURE_WP_ASYNC;

  /** UFFDIO_REGISTER_MODE_WP (Linux 5.7), everywhere. */
  public static final int UFFDIO_REGISTER_MODE_WP = Everywhere.UFFDIO_REGISTER_MODE_WP;

  /** UFFDIO_WRITEPROTECT_MODE_WP (Linux 5.7), everywhere. */
  public static final int UFFDIO_WRITEPROTECT_MODE_WP = Everywhere.UFFDIO_WRITEPROTECT_MODE_WP;

  /** PM_SCAN_WP_MATCHING (Linux 6.7), everywhere. */
  public static final int PM_SCAN_WP_MATCHING = NewerLinux.PM_SCAN_WP_MATCHING;

  /** PM_SCAN_CHECK_WPASYNC (Linux 6.7), everywhere. */
  public static final int PM_SCAN_CHECK_WPASYNC = NewerLinux.PM_SCAN_CHECK_WPASYNC;

  /** PAGE_IS_WRITTEN (Linux 6.7), everywhere. */
  public static final int PAGE_IS_WRITTEN = NewerLinux.PAGE_IS_WRITTEN;

  private static int onThisHost(LinuxConstant constant) {
    return LinuxFamily.host().value(constant);
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
    return new KernelConstants(
        linux.value(LinuxConstant.MAP_FIXED),
        linux.value(LinuxConstant.MAP_FIXED_NOREPLACE),
        linux.value(LinuxConstant.MAP_ANONYMOUS),
        linux.value(LinuxConstant.MAP_NORESERVE),
        linux.value(LinuxConstant.MAP_SHARED_VALIDATE),
        linux.value(LinuxConstant.MAP_SYNC),
        linux.value(LinuxConstant.MS_SYNC),
        linux.value(LinuxConstant.O_DIRECTORY),
        linux.value(LinuxConstant.O_NOFOLLOW));
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
    return new KernelConstants(
        mapFixed,
        mapFixedNoreplace,
        mapAnonymous,
        mapNoreserve,
        0,
        0,
        msSync,
        openDirectory,
        openNofollow);
  }

  /** Returns the names of the mmap(2) flags in {@code flags}, in mmap(2)'s order. */
  public String mapFlagNames(int flags) {
    List<String> names = new ArrayList<>();
    boolean validate = mapSharedValidate != 0 && (flags & 0xF) == mapSharedValidate;
    names.add(
        validate
            ? "MAP_SHARED_VALIDATE"
            : (flags & MAP_SHARED) != 0 ? "MAP_SHARED" : "MAP_PRIVATE");
    addIf(names, flags, mapSync, "MAP_SYNC");
    addIf(names, flags, mapFixed, "MAP_FIXED");
    addIf(names, flags, mapFixedNoreplace, "MAP_FIXED_NOREPLACE");
    addIf(names, flags, mapAnonymous, "MAP_ANONYMOUS");
    addIf(names, flags, mapNoreserve, "MAP_NORESERVE");
    return String.join("|", names);
  }

  private static void addIf(List<String> names, int flags, int bit, String name) {
    if (bit != 0 && (flags & bit) == bit) {
      names.add(name);
    }
  }
}
