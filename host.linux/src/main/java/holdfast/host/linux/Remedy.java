package holdfast.host.linux;

import holdfast.host.linux.internal.linux.LinuxErrno;
import holdfast.host.linux.internal.linux.LinuxFamily;
import java.util.HashMap;
import java.util.Map;

/**
 * Looks up what the operator can do about a failed system call, as half a sentence, for each step
 * and errno. The meaning of an errno in its step comes first, then its meaning anywhere, then the
 * alternative to the whole step. If one errno has several causes, the {@link Scene} decides which
 * one it is.
 *
 * <p>Sources: the ERRORS sections of the system calls' manual pages (section 2), and the kernel's
 * own code where they are silent (hugetlbfs, userfaultfd, memfd_noexec).
 */
public final class Remedy {
  private static final Map<Integer, LinuxErrno> SYMBOLS = symbols();
  private static final String CHECK_DISK =
      "check the disk: the kernel's log (dmesg) tells what is wrong with it";

  private final Step step;
  private final Errno errno;
  private final Scene scene;
  private final Shortage shortage;

  private Remedy(Step step, Errno errno, Scene scene) {
    this.step = step;
    this.errno = errno;
    this.scene = scene;
    this.shortage = new Shortage(step, scene);
  }

  private static Map<Integer, LinuxErrno> symbols() {
    Map<Integer, LinuxErrno> symbols = new HashMap<>();
    for (LinuxErrno symbol : LinuxErrno.values()) {
      symbols.put(LinuxFamily.host().number(symbol), symbol);
    }
    symbols.remove(0); // the errors that the architecture doesn't have
    return Map.copyOf(symbols);
  }

  /** Returns what to do about a failure, as half a sentence without full stop. */
  public static String of(Step step, ErrnoException failure, Scene scene) {
    return of(step, failure.errno(), scene);
  }

  /** Returns what to do about an errno, as half a sentence without full stop. */
  public static String of(Step step, Errno errno, Scene scene) {
    return new Remedy(step, errno, scene).find();
  }

  private String find() {
    LinuxErrno symbol = SYMBOLS.get(errno.value());
    if (symbol == null) {
      return step.remedy();
    }
    String here =
        switch (step) {
          case OPEN -> opening(symbol);
          case CREATE -> creating(symbol);
          case MEMFD -> makingMemfd(symbol);
          case LOOK, SYNC -> "";
          case GROW -> growing(symbol);
          case SEAL -> sealing(symbol);
          case ALLOCATE -> allocating(symbol);
          case RESERVE -> reserving(symbol);
          case MAP -> mapping(symbol);
          case MOVE -> moving(symbol);
          case BIND -> binding(symbol);
          case POPULATE -> populating(symbol);
          case WRITE_BACK -> writingBack(symbol);
          case TRACK -> tracking(symbol);
        };
    if (!here.isEmpty()) {
      return here;
    }
    String anywhere = anywhere(symbol);
    return anywhere.isEmpty() ? step.remedy() : anywhere;
  }

  /** Returns the remedy for an errno in any step; empty if there is none. */
  private String anywhere(LinuxErrno symbol) {
    return switch (symbol) {
      case EPERM ->
          "the file is immutable, append-only or sealed (lsattr shows the first two, chattr -i -a"
              + " takes them away), or a security policy of this host forbids it";
      case EACCES -> "check the permissions of the file and of each folder above it";
      case EROFS -> "its file system is mounted read-only: mount it read-write, or use another";
      case EIO, EREMOTEIO, ENODATA, EUCLEAN, EBADMSG -> CHECK_DISK;
      case ENXIO, ENODEV -> "its device is gone or has no driver: see the kernel's log (dmesg)";
      case EBUSY -> "somebody else has it for himself: end that first";
      case ETXTBSY ->
          "it is in use as swap space (swapoff ends that) or as a program that runs: name another"
              + " file";
      case ESTALE -> "its server has forgotten it: mount the file system again";
      case ETIMEDOUT, EHOSTDOWN, EHOSTUNREACH, ENOTCONN, ENOLINK ->
          "its server does not answer: see to the server and the network";
      case ENOSPC -> shortage.noSpace();
      case EDQUOT ->
          "the quota there is used up (quota -s shows it): free some space, or have the quota"
              + " raised";
      case EFBIG -> shortage.tooBig();
      case EMFILE ->
          "this process may open no more files: raise ulimit -n"
              + shortage.now(Scene.Limit.OPEN_FILES);
      case ENFILE -> "the host may open no more files: raise sysctl fs.file-max";
      case ENOMEM -> "the host has no memory left for it: free some";
      case EAGAIN, EINTR -> "it may go well when it is tried again";
      case ENOLCK -> "the host has no locks left: its file server may be down";
      case ENOSYS, EOPNOTSUPP -> "this kernel or file system can't do it: " + step.remedy();
      case EHWPOISON ->
          "the host's memory has failed there: the kernel's log (dmesg) tells which module";
      default -> "";
    };
  }

  private String opening(LinuxErrno symbol) {
    return switch (symbol) {
      case ENOENT ->
          scene.request().readOnly()
              ? "check the path; with readonly=on no file is created"
              : "check the path, and create the folder it is in";
      case ENOTDIR -> "a part of the path that should be a folder is none: check the path";
      case ELOOP -> "symbolic links on its path lead in a circle: name the file by another path";
      case ENAMETOOLONG -> "use a shorter path: a name has at most 255 bytes, a path 4095";
      case EINVAL, EILSEQ -> "its file system takes no such name: choose another one";
      case EROFS -> "its file system can't be written: set readonly=on, or use another";
      case EPERM ->
          "the file is immutable or append-only (lsattr shows it, chattr -i -a takes it away), or a"
              + " security policy of this host forbids it";
      default -> "";
    };
  }

  private String creating(LinuxErrno symbol) {
    return switch (symbol) {
      case EACCES ->
          "check the permissions of its folder, in which this user must be allowed to make files";
      case EPERM ->
          "its folder is immutable (lsattr -d shows it, chattr -i takes it away), or a security"
              + " policy of this host forbids it";
      case EROFS -> "its file system can't be written: use another";
      default -> opening(symbol);
    };
  }

  private String makingMemfd(LinuxErrno symbol) {
    return switch (symbol) {
      case ENOSYS -> "Linux has had it since 3.17: use memory-backend-ram";
      case EACCES -> "sysctl vm.memfd_noexec=2 forbids it: set it to 1, or use memory-backend-ram";
      case EINVAL, ENODEV, ENOENT ->
          scene.request().hugePages()
              ? "the sizes of huge pages that this host has are listed in"
                  + " /sys/kernel/mm/hugepages"
              : "";
      default -> "";
    };
  }

  private String growing(LinuxErrno symbol) {
    return switch (symbol) {
      case EINVAL -> shortage.tooBig();
      case ENOMEM -> scene.hugePage().isPresent() ? shortage.noHugePages() : "";
      default -> "";
    };
  }

  private static String sealing(LinuxErrno symbol) {
    return switch (symbol) {
      case EPERM, EINVAL, EBUSY, ENOSYS -> "this kernel can't seal it: set seal=off";
      default -> "";
    };
  }

  private String allocating(LinuxErrno symbol) {
    return switch (symbol) {
      case ENOMEM -> scene.hugePage().isPresent() ? shortage.noHugePages() : "";
      case ENODEV, ESPIPE -> "it is no regular file: name one";
      default -> "";
    };
  }

  private String reserving(LinuxErrno symbol) {
    return switch (symbol) {
      case ENOMEM, EOVERFLOW -> shortage.noAddresses();
      default -> "";
    };
  }

  private String mapping(LinuxErrno symbol) {
    return switch (symbol) {
      case ENOMEM -> scene.hugePage().isPresent() ? shortage.noHugePages() : shortage.noMapping();
      case EAGAIN -> shortage.tooMuchLocked();
      case EACCES ->
          "the file may not be stored into: it is append-only, or a security policy of this host"
              + " forbids it";
      case EPERM ->
          "the file is sealed or immutable, so that stores must not reach it: set share=off, or use"
              + " another";
      case EINVAL ->
          scene.hugePage().isPresent()
              ? "offset and size must be multiples of "
                  + shortage.exact(scene.hugePage().getAsLong())
              : "";
      case ENODEV -> "the file system there can't map files: use another";
      case ENXIO -> "its device has been taken away or disabled: see ndctl list and daxctl list";
      case EOVERFLOW -> "ask for less";
      default -> "";
    };
  }

  private String moving(LinuxErrno symbol) {
    return switch (symbol) {
      case ENOMEM -> shortage.noMapping();
      case EAGAIN -> shortage.tooMuchLocked();
      default -> "";
    };
  }

  private String binding(LinuxErrno symbol) {
    return switch (symbol) {
      case ENOSYS ->
          "install libnuma (Debian: libnuma1), on a kernel with CONFIG_NUMA; or leave host-nodes and"
              + " policy out";
      case EPERM, EACCES ->
          "its container's seccomp filter forbids mbind(2): let it pass (Docker: --cap-add SYS_NICE),"
              + " or leave host-nodes and policy out";
      case EIO ->
          "pages of the file are in memory on other nodes and can't be moved: end who else uses it,"
              + " or have them dropped (sysctl vm.drop_caches=1)";
      case ENOMEM -> "the nodes have no memory left for it: free some, or name others";
      default -> "";
    };
  }

  private String populating(LinuxErrno symbol) {
    return switch (symbol) {
      case EFAULT -> shortage.nothingBehind();
      case ENOMEM ->
          scene.hugePage().isPresent()
              ? shortage.noHugePages()
              : "the host, or the memory cgroup of this process, has no memory left: free some, or"
                  + " set prealloc=off";
      default -> "";
    };
  }

  private String writingBack(LinuxErrno symbol) {
    return switch (symbol) {
      case EROFS ->
          "its file system has become read-only, as it does after an error: the kernel's log"
              + " (dmesg) tells which";
      case ENOMEM -> "part of it is not mapped any more: end the guest";
      default -> "";
    };
  }

  private static String tracking(LinuxErrno symbol) {
    return switch (symbol) {
      case ENOMEM -> "free 2 MiB of memory for each GiB, for page tables";
      case EBUSY -> "it is tracked already: end that first";
      case EPERM, EACCES ->
          "let this process open /dev/userfaultfd, or let its container's seccomp filter pass"
              + " userfaultfd(2)";
      case EINVAL, ENOTTY, ENOSYS -> "use Linux 6.12.3 or later";
      default -> "";
    };
  }
}
