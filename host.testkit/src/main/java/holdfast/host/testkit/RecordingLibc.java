package holdfast.host.testkit;

import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.FileSystemStatus;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import holdfast.host.linux.PageRegions;
import java.nio.file.Path;
import java.util.SortedSet;

/**
 * Makes every call through a {@link CallRecorder}, with the {@link HostAnswers}, and keeps a {@link
 * ResourceLedger} of what the calls provided.
 */
abstract class RecordingLibc implements Libc {
  final CallRecorder recorder = new CallRecorder();
  final ResourceLedger ledger = new ResourceLedger();
  final HostAnswers answers;
  volatile CpuCaches oracle = new CpuCaches();
  private final Libc real;

  RecordingLibc(Libc real) {
    this.real = real;
    this.answers = new HostAnswers(real);
  }

  private static void nothing() {}

  @Override
  public KernelConstants constants() {
    return answers.constants;
  }

  @Override
  public String release() {
    return answers.release;
  }

  @Override
  public int geteuid() {
    return real.geteuid();
  }

  @Override
  public long getpagesize() {
    return real.getpagesize();
  }

  @Override
  public long mmap(long address, long length, int prot, int flags, int fd, long offset)
      throws ErrnoException {
    boolean fixed = (flags & constants().mapFixed()) != 0;
    return recorder.call(
        SystemCall.MMAP,
        () -> {
          if (fixed) {
            doMunmap(address, length);
          }
        },
        () -> doMmap(address, length, prot, flags, fd, offset),
        address,
        length,
        prot,
        flags,
        fd,
        offset);
  }

  private long doMmap(long address, long length, int prot, int flags, int fd, long offset)
      throws ErrnoException {
    int really = answers.mapFlags(flags);
    synchronized (ledger) { // or another thread gets what this one has just given back
      long mapped = real.mmap(address, length, prot, really, fd, offset);
      ledger.addRange(mapped, mapped + length);
      return mapped;
    }
  }

  @Override
  public long mremap(long oldAddress, long length, int flags, long newAddress)
      throws ErrnoException {
    boolean stays = (flags & KernelConstants.MREMAP_DONTUNMAP) == KernelConstants.MREMAP_DONTUNMAP;
    return recorder.call(
        SystemCall.MREMAP,
        () -> {
          if (!stays) {
            doMunmap(newAddress, length);
          }
        },
        () -> {
          synchronized (ledger) {
            long moved = real.mremap(oldAddress, length, flags, newAddress);
            if (!stays) {
              ledger.removeRange(oldAddress, oldAddress + length);
            }
            ledger.addRange(moved, moved + length);
            return moved;
          }
        },
        oldAddress,
        length,
        flags,
        newAddress);
  }

  @Override
  public void munmap(long address, long length) throws ErrnoException {
    CallRecorder.Action unmap = () -> doMunmap(address, length);
    recorder.call(SystemCall.MUNMAP, unmap, unmap, address, length);
  }

  private void doMunmap(long address, long length) throws ErrnoException {
    long pages = (length + getpagesize() - 1) & -getpagesize();
    synchronized (ledger) {
      real.munmap(address, length);
      ledger.removeRange(address, address + pages);
    }
  }

  @Override
  public void msync(long address, long length, int flags) throws ErrnoException {
    recorder.call(
        SystemCall.MSYNC,
        RecordingLibc::nothing,
        () -> {
          long pages = (length + getpagesize() - 1) & -getpagesize();
          Runnable written = oracle.writeBack(new AddressRange(address, address + pages));
          real.msync(address, length, flags);
          written.run();
        },
        address,
        length,
        flags);
  }

  @Override
  public void madvise(long address, long length, int advice) throws ErrnoException {
    recorder.call(
        SystemCall.MADVISE,
        RecordingLibc::nothing,
        () -> real.madvise(address, length, advice),
        address,
        length,
        advice);
  }

  @Override
  public void mbind(long address, long length, int mode, SortedSet<Integer> nodes, int flags)
      throws ErrnoException {
    recorder.call(
        SystemCall.MBIND,
        RecordingLibc::nothing,
        () -> real.mbind(address, length, mode, nodes, flags),
        address,
        length,
        mode,
        nodes,
        flags);
  }

  @Override
  public int memfdCreate(String name, int flags) throws ErrnoException {
    return recorder.call(
        SystemCall.MEMFD_CREATE,
        RecordingLibc::nothing,
        () -> {
          int fd = real.memfdCreate(name, flags);
          ledger.addDescriptor(fd);
          return fd;
        },
        name,
        flags);
  }

  @Override
  public int fcntlDupfdCloexec(int fd) throws ErrnoException {
    return recorder.call(
        SystemCall.FCNTL_DUPFD_CLOEXEC,
        RecordingLibc::nothing,
        () -> {
          int made = real.fcntlDupfdCloexec(fd);
          ledger.addDescriptor(made);
          return made;
        },
        fd);
  }

  @Override
  public void fcntlAddSeals(int fd, int seals) throws ErrnoException {
    recorder.call(
        SystemCall.FCNTL_ADD_SEALS,
        RecordingLibc::nothing,
        () -> real.fcntlAddSeals(fd, seals),
        fd,
        seals);
  }

  @Override
  public int open(Path path, int flags, int mode) throws ErrnoException {
    return recorder.call(
        SystemCall.OPEN,
        RecordingLibc::nothing,
        () -> {
          int fd = real.open(path, flags, mode);
          ledger.addDescriptor(fd);
          return fd;
        },
        path,
        flags,
        mode);
  }

  @Override
  public void close(int fd) throws ErrnoException {
    CallRecorder.Action close =
        () -> {
          ledger.removeDescriptor(fd);
          real.close(fd);
        };
    recorder.call(SystemCall.CLOSE, close, close, fd);
  }

  @Override
  public void unlink(Path path) throws ErrnoException {
    CallRecorder.Action unlink = () -> real.unlink(path);
    recorder.call(SystemCall.UNLINK, unlink, unlink, path);
  }

  @Override
  public FileStatus statx(int fd) throws ErrnoException {
    return recorder.call(
        SystemCall.STATX, RecordingLibc::nothing, () -> answers.statx.apply(real.statx(fd)), fd);
  }

  @Override
  public FileSystemStatus fstatfs(int fd) throws ErrnoException {
    return recorder.call(
        SystemCall.FSTATFS,
        RecordingLibc::nothing,
        () -> answers.fstatfs.apply(real.fstatfs(fd)),
        fd);
  }

  @Override
  public long lseekEnd(int fd) throws ErrnoException {
    return recorder.call(SystemCall.LSEEK, RecordingLibc::nothing, () -> real.lseekEnd(fd), fd);
  }

  @Override
  public void ftruncate(int fd, long length) throws ErrnoException {
    CallRecorder.Action truncate = () -> real.ftruncate(fd, length);
    recorder.call(SystemCall.FTRUNCATE, truncate, truncate, fd, length);
  }

  @Override
  public void fallocate(int fd, int mode, long offset, long length) throws ErrnoException {
    recorder.call(
        SystemCall.FALLOCATE,
        RecordingLibc::nothing,
        () -> real.fallocate(fd, mode, offset, length),
        fd,
        mode,
        offset,
        length);
  }

  @Override
  public void fsync(int fd) throws ErrnoException {
    recorder.call(SystemCall.FSYNC, RecordingLibc::nothing, () -> real.fsync(fd), fd);
  }

  @Override
  public void syncFileRange(int fd, long offset, long length, int flags) throws ErrnoException {
    recorder.call(
        SystemCall.SYNC_FILE_RANGE,
        RecordingLibc::nothing,
        () -> real.syncFileRange(fd, offset, length, flags),
        fd,
        offset,
        length,
        flags);
  }

  @Override
  public void fcntlOfdSetlk(int fd, boolean exclusive) throws ErrnoException {
    recorder.call(
        SystemCall.FCNTL,
        RecordingLibc::nothing,
        () -> real.fcntlOfdSetlk(fd, exclusive),
        fd,
        exclusive);
  }

  @Override
  public boolean fcntlOfdGetlk(int fd) throws ErrnoException {
    return recorder.call(
        SystemCall.FCNTL_GETLK, RecordingLibc::nothing, () -> real.fcntlOfdGetlk(fd), fd);
  }

  @Override
  public int userfaultfd(int flags) throws ErrnoException {
    return recorder.call(
        SystemCall.USERFAULTFD,
        RecordingLibc::nothing,
        () -> {
          int fd = real.userfaultfd(flags);
          ledger.addDescriptor(fd);
          return fd;
        },
        flags);
  }

  @Override
  public int ioctlUserfaultfdNew(int fd, int flags) throws ErrnoException {
    return recorder.call(
        SystemCall.IOCTL_USERFAULTFD_NEW,
        RecordingLibc::nothing,
        () -> {
          int made = real.ioctlUserfaultfdNew(fd, flags);
          ledger.addDescriptor(made);
          return made;
        },
        fd,
        flags);
  }

  @Override
  public long ioctlUffdioApi(int fd, long features) throws ErrnoException {
    return recorder.call(
        SystemCall.IOCTL_UFFDIO_API,
        RecordingLibc::nothing,
        () -> real.ioctlUffdioApi(fd, features),
        fd,
        features);
  }

  @Override
  public void ioctlUffdioRegister(int fd, long address, long length, long mode)
      throws ErrnoException {
    recorder.call(
        SystemCall.IOCTL_UFFDIO_REGISTER,
        RecordingLibc::nothing,
        () -> real.ioctlUffdioRegister(fd, address, length, mode),
        fd,
        address,
        length,
        mode);
  }

  @Override
  public void ioctlUffdioWriteprotect(int fd, long address, long length, long mode)
      throws ErrnoException {
    CallRecorder.Action protect = () -> real.ioctlUffdioWriteprotect(fd, address, length, mode);
    recorder.call(
        SystemCall.IOCTL_UFFDIO_WRITEPROTECT, protect, protect, fd, address, length, mode);
  }

  @Override
  public boolean readUffdMessage(int fd) throws ErrnoException {
    return real.readUffdMessage(fd); // not recorded: how often it finds none is chance
  }

  @Override
  public PageRegions ioctlPagemapScan(
      int fd, long flags, long start, long end, int vectorLength, long categories)
      throws ErrnoException {
    int really = Math.min(vectorLength, answers.longestVector);
    return recorder.call(
        SystemCall.IOCTL_PAGEMAP_SCAN,
        () -> real.ioctlPagemapScan(fd, flags, start, end, really, categories),
        () -> answers.scan.apply(real.ioctlPagemapScan(fd, flags, start, end, really, categories)),
        fd,
        flags,
        start,
        end,
        really,
        categories);
  }
}
