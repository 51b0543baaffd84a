package holdfast.backend.mmap;

import java.util.ArrayList;
import java.util.List;

/**
 * The numbers of the kernel's interface that differ between architectures. A constant that an
 * architecture doesn't have is 0, so that the same code maps there without it.
 *
 * @param mapFixed MAP_FIXED
 * @param mapFixedNoreplace MAP_FIXED_NOREPLACE (Linux 4.17)
 * @param mapAnonymous MAP_ANONYMOUS
 * @param mapNoreserve MAP_NORESERVE
 * @param mapSharedValidate MAP_SHARED_VALIDATE (Linux 4.15), 0 where MAP_SYNC is missing
 * @param mapSync MAP_SYNC (Linux 4.15), 0 where it is missing
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
  public static final int PROT_NONE = 0;

  /** PROT_READ, everywhere. */
  public static final int PROT_READ = 1;

  /** PROT_WRITE, everywhere. */
  public static final int PROT_WRITE = 2;

  /** MAP_SHARED, everywhere. */
  public static final int MAP_SHARED = 1;

  /** MAP_PRIVATE, everywhere. */
  public static final int MAP_PRIVATE = 2;

  /** MADV_DONTFORK, everywhere. */
  public static final int MADV_DONTFORK = 10;

  /** MADV_HUGEPAGE, everywhere. */
  public static final int MADV_HUGEPAGE = 14;

  /** MADV_POPULATE_READ (Linux 5.14), everywhere. */
  public static final int MADV_POPULATE_READ = 22;

  /** MADV_POPULATE_WRITE (Linux 5.14), everywhere. */
  public static final int MADV_POPULATE_WRITE = 23;

  /** O_RDONLY, everywhere. */
  public static final int O_RDONLY = 0;

  /** O_RDWR, everywhere. */
  public static final int O_RDWR = 2;

  /** O_CREAT on the architectures named in {@link #of}. */
  public static final int O_CREAT = 0x40;

  /** O_EXCL on the architectures named in {@link #of}. */
  public static final int O_EXCL = 0x80;

  /** O_CLOEXEC on the architectures named in {@link #of}. */
  public static final int O_CLOEXEC = 0x80000;

  /** O_PATH on the architectures named in {@link #of}. */
  public static final int O_PATH = 0x200000;

  private static final KernelConstants X86 =
      new KernelConstants(0x10, 0x100000, 0x20, 0x4000, 3, 0x80000, 4, 0x10000, 0x20000);
  private static final KernelConstants ARM64 =
      new KernelConstants(0x10, 0x100000, 0x20, 0x4000, 3, 0x80000, 4, 0x4000, 0x8000);
  private static final KernelConstants POWERPC =
      new KernelConstants(0x10, 0x100000, 0x20, 0x40, 3, 0x80000, 4, 0x4000, 0x8000);

  /**
   * The constants of Linux on an architecture.
   *
   * @param architecture as in the system property {@code os.arch}
   * @throws UnsupportedOperationException for an architecture whose numbers are not known here
   */
  public static KernelConstants of(String architecture) {
    return switch (architecture) {
      case "amd64", "x86_64", "riscv64", "s390x", "loongarch64" -> X86;
      case "aarch64" -> ARM64;
      case "ppc64le", "ppc64" -> POWERPC;
      default ->
          throw new UnsupportedOperationException(
              "Holdfast doesn't know the mmap(2) constants of the architecture "
                  + architecture
                  + "; it runs on amd64, aarch64, loongarch64, ppc64le, riscv64 and s390x");
    };
  }

  /** The same host with a kernel that has neither MAP_SYNC nor MAP_SHARED_VALIDATE. */
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

  /** The names of the mmap(2) flags in {@code flags}, in mmap(2)'s order. */
  public String mapFlagNames(int flags) {
    List<String> names = new ArrayList<>();
    boolean validate = mapSharedValidate != 0 && (flags & 0xF) == mapSharedValidate;
    names.add(
        validate ? "MAP_SHARED_VALIDATE" : (flags & MAP_SHARED) != 0 ? "MAP_SHARED" : "MAP_PRIVATE");
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
