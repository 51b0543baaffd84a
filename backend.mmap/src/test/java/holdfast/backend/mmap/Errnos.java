package holdfast.backend.mmap;

import static holdfast.host.linux.KernelConstants.MADV_POPULATE_READ;
import static holdfast.host.linux.KernelConstants.MADV_POPULATE_WRITE;

import holdfast.host.linux.Errno;
import holdfast.host.linux.KernelConstants;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.SystemCall;
import java.util.List;

/** The answers that stand for all that the manual pages know of a call's failures. */
final class Errnos {
  static final int EFAULT = 14;
  static final int EMFILE = 24;
  static final int ENOTTY = 25;
  static final int EFBIG = 27;
  static final int ENOLCK = 37;

  private Errnos() {}

  static List<Integer> of(RecordedCall made) {
    return switch (made.call()) {
      case OPEN -> List.of(Errno.EACCES, Errno.EINTR, EMFILE);
      case CLOSE -> List.of(Errno.EIO, Errno.EINTR);
      case STATX -> List.of(Errno.EIO, Errno.ENOMEM);
      case FSTATFS -> List.of(Errno.EIO, Errno.EINTR);
      case FCNTL -> List.of(Errno.EAGAIN, Errno.EACCES, Errno.EINVAL, ENOLCK);
      case LSEEK, FSYNC, SYNC_FILE_RANGE -> List.of(Errno.EIO);
      case FTRUNCATE -> List.of(Errno.ENOSPC, EFBIG);
      case FALLOCATE ->
          List.of(Errno.ENOSPC, Errno.EIO, Errno.EOPNOTSUPP, Errno.ENOSYS, Errno.EINTR);
      case MMAP -> List.of(Errno.ENOMEM, Errno.EOPNOTSUPP, Errno.EINVAL, Errno.EACCES);
      case MUNMAP -> List.of(Errno.ENOMEM);
      case MREMAP -> List.of(Errno.ENOMEM, Errno.EINVAL, Errno.EAGAIN, EFAULT);
      case MADVISE ->
          made.advice() == MADV_POPULATE_WRITE || made.advice() == MADV_POPULATE_READ
              ? List.of(Errno.EINVAL, Errno.ENOSYS, Errno.ENOMEM, EFAULT)
              : List.of(Errno.EINVAL);
      case MBIND -> List.of(Errno.EINVAL, EFAULT);
      case MEMFD_CREATE -> List.of(Errno.EINVAL, EMFILE);
      case FCNTL_DUPFD_CLOEXEC -> List.of(EMFILE);
      case FCNTL_ADD_SEALS, FCNTL_GETLK -> List.of(Errno.EINVAL);
      case MSYNC -> List.of(Errno.EIO, Errno.ENOMEM);
      case UNLINK -> List.of(Errno.EACCES);
      case USERFAULTFD -> List.of(Errno.EPERM, Errno.ENOSYS, EMFILE);
      case IOCTL_USERFAULTFD_NEW -> List.of(Errno.EPERM, ENOTTY, EMFILE);
      case IOCTL_UFFDIO_API -> List.of(Errno.EINVAL, EFAULT);
      case IOCTL_UFFDIO_REGISTER -> List.of(Errno.EBUSY, Errno.EINVAL, Errno.ENOMEM, Errno.EPERM);
      case IOCTL_UFFDIO_WRITEPROTECT ->
          List.of(Errno.EAGAIN, Errno.EINTR, Errno.EINVAL, Errno.ENOENT, Errno.ENOMEM);
      case IOCTL_PAGEMAP_SCAN -> List.of(Errno.EPERM, Errno.EINTR, Errno.ENOMEM, EFAULT, ENOTTY);
    };
  }

  /** Whether the call only asks for free addresses, without which an exchange takes longer. */
  static boolean isAskingForAddresses(RecordedCall made) {
    return made.call() == SystemCall.MMAP
        && made.arguments().get(0).equals(0L)
        && made.arguments().get(2).equals(KernelConstants.PROT_NONE);
  }

  /** Whether the call moves a mapping out of the way, without which an exchange takes longer. */
  static boolean isMovingAway(RecordedCall made) {
    return made.call() == SystemCall.MREMAP
        && made.arguments().get(2).equals(KernelConstants.MREMAP_DONTUNMAP);
  }

  /** The symbol, as the sentences of exceptions give it. */
  static String name(int errno) {
    return new Errno(errno, "").name();
  }
}
