package holdfast.host.testkit;

import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.FileSystemStatus;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import holdfast.host.linux.PageRegions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/**
 * A libc that fails on command, can answer as another host would, records every call, and knows
 * which ranges and descriptors were not given back. Everything else is done by a real libc.
 *
 * <p>To check that nothing leaks, whichever call fails, run a scenario once without a fault, count
 * its {@linkplain #made() calls}, and run it again for each of them with {@link Fault#ofCall}.
 *
 * <p>Thread-safe.
 */
public final class FaultyLibc implements Libc {
  private static final Map<Integer, String> TEXTS =
      Map.ofEntries(
          Map.entry(Errno.EPERM, "Operation not permitted"),
          Map.entry(Errno.ENOENT, "No such file or directory"),
          Map.entry(Errno.EINTR, "Interrupted system call"),
          Map.entry(Errno.EIO, "Input/output error"),
          Map.entry(Errno.EAGAIN, "Resource temporarily unavailable"),
          Map.entry(Errno.ENOMEM, "Cannot allocate memory"),
          Map.entry(Errno.EACCES, "Permission denied"),
          Map.entry(14, "Bad address"),
          Map.entry(Errno.EBUSY, "Device or resource busy"),
          Map.entry(Errno.EEXIST, "File exists"),
          Map.entry(Errno.EINVAL, "Invalid argument"),
          Map.entry(24, "Too many open files"),
          Map.entry(27, "File too large"),
          Map.entry(Errno.ENOSPC, "No space left on device"),
          Map.entry(37, "No locks available"),
          Map.entry(Errno.ENOSYS, "Function not implemented"),
          Map.entry(Errno.EOPNOTSUPP, "Operation not supported"));

  /** How {@code MAP_SHARED_VALIDATE|MAP_SYNC} is handled. */
  public enum SyncAnswer {
    /** The real kernel decides. */
    REAL,

    /**
     * Accepted, and mapped with {@code MAP_SHARED|MAP_SYNC}. Such a mapping of a tmpfs file shows
     * {@code sf} among its VmFlags, as one of a file on DAX does.
     */
    TAKEN,

    /** Accepted, and mapped without either flag, so that VmFlags contradict it. */
    TAKEN_IN_NAME_ONLY
  }

  private final Libc real;
  private final Holdings holdings = new Holdings();
  private final List<MadeCall> made = new ArrayList<>();
  private final List<Fault> faults = new CopyOnWriteArrayList<>();
  private volatile KernelConstants constants;
  private volatile String release;
  private volatile UnaryOperator<FileStatus> statxAnswer = UnaryOperator.identity();
  private volatile UnaryOperator<FileSystemStatus> fstatfsAnswer = UnaryOperator.identity();
  private volatile int longestVector = Integer.MAX_VALUE;
  private volatile UnaryOperator<PageRegions> scanAnswer = UnaryOperator.identity();
  private volatile SyncAnswer syncAnswer = SyncAnswer.REAL;
  private volatile CpuCaches oracle = new CpuCaches();

  /** Creates a libc that does what {@code real} does until it is configured otherwise. */
  public FaultyLibc(Libc real) {
    this.real = real;
    this.constants = real.constants();
    this.release = real.release();
  }

  /** Creates a libc over the C library of this process. */
  public static FaultyLibc host() {
    return new FaultyLibc(HostLibc.instance());
  }

  /** Adds a fault; for each call, the first fault that matches it decides. */
  public FaultyLibc with(Fault fault) {
    faults.add(fault);
    return this;
  }

  /** Removes all faults. */
  public void heal() {
    faults.clear();
  }

  /** Uses other constants, for example without MAP_SYNC. */
  public FaultyLibc withConstants(KernelConstants other) {
    constants = other;
    return this;
  }

  /** Reports that release of the kernel, as uname(2) would. */
  public FaultyLibc withRelease(String other) {
    release = other;
    return this;
  }

  /** Reports every file as the character device with that number. */
  public FaultyLibc withCharacterDevice(int major, int minor) {
    int characterDevice = 0x2000;
    statxAnswer =
        file ->
            new FileStatus(
                characterDevice | 0600,
                file.links(),
                file.owner(),
                0,
                0,
                file.inode(),
                file.deviceMajor(),
                file.deviceMinor(),
                major,
                minor,
                file.changed(),
                file.dax());
    return this;
  }

  /** Reports every file as being on a file system mounted with DAX, by statx(2). */
  public FaultyLibc withDax() {
    statxAnswer =
        file ->
            new FileStatus(
                file.mode(),
                file.links(),
                file.owner(),
                file.size(),
                file.blocks(),
                file.inode(),
                file.deviceMajor(),
                file.deviceMinor(),
                file.specialMajor(),
                file.specialMinor(),
                file.changed(),
                true);
    return this;
  }

  /** Limits a scan of pages to that many regions, however long its vector is. */
  public FaultyLibc withShortVectors(int regions) {
    longestVector = regions;
    return this;
  }

  /**
   * Passes the kernel's answer to a scan of pages through {@code answer}, before the caller gets
   * it: a test can store in between, or answer as another kernel would.
   */
  public FaultyLibc withScanAnswer(UnaryOperator<PageRegions> answer) {
    scanAnswer = answer;
    return this;
  }

  /**
   * Reports every file as being on the file system with that magic number, {@code linux/magic.h}.
   */
  public FaultyLibc withFileSystem(long magic) {
    fstatfsAnswer = real -> new FileSystemStatus(magic, real.blockSize());
    return this;
  }

  /** Reports every file as being on hugetlbfs with pages of {@code pageSize} bytes. */
  public FaultyLibc withHugetlbfs(long pageSize) {
    long hugetlbfs = 0x958458F6L;
    fstatfsAnswer = real -> new FileSystemStatus(hugetlbfs, pageSize);
    return this;
  }

  /** Sets how MAP_SYNC is handled from now on. */
  public FaultyLibc withSync(SyncAnswer answer) {
    syncAnswer = answer;
    return this;
  }

  /**
   * Reports each msync(2) that succeeds to an oracle from now on: what its pages held when it began
   * is durable when it returns.
   */
  public FaultyLibc withOracle(CpuCaches told) {
    oracle = told;
    return this;
  }

  /** Returns the calls made so far, including those that failed, in their order. */
  public List<MadeCall> made() {
    synchronized (made) {
      return List.copyOf(made);
    }
  }

  /** Returns the calls of one kind made so far. */
  public List<MadeCall> made(SystemCall call) {
    return made().stream().filter(one -> one.call() == call).toList();
  }

  /** Forgets the calls made so far: the next one is number 1. */
  public void forget() {
    synchronized (made) {
      made.clear();
    }
  }

  /** Returns the address ranges that were mapped and not unmapped, adjacent ones joined. */
  public List<AddressRange> mapped() {
    return holdings.ranges();
  }

  /** Returns the descriptors that were opened and not closed. */
  public Set<Integer> descriptors() {
    return holdings.descriptors();
  }

  /** A real call without a result. */
  private interface Action {
    void run() throws ErrnoException;
  }

  /** A real call with a result. */
  private interface Question<T> {
    T ask() throws ErrnoException;
  }

  private <T> T call(SystemCall call, Action harm, Question<T> real, Object... arguments)
      throws ErrnoException {
    MadeCall mine;
    synchronized (made) {
      mine = new MadeCall(made.size() + 1, call, List.of(arguments));
      made.add(mine);
    }
    for (Fault fault : faults) {
      if (fault.victim().test(mine)) {
        if (fault.harm() == Fault.Harm.DONE) {
          harm.run();
        }
        String text = TEXTS.getOrDefault(fault.errno(), "Error " + fault.errno());
        throw new ErrnoException(call.toString(), new Errno(fault.errno(), text));
      }
    }
    return real.ask();
  }

  private void call(SystemCall call, Action harm, Action real, Object... arguments)
      throws ErrnoException {
    Question<Boolean> done =
        () -> {
          real.run();
          return true;
        };
    call(call, harm, done, arguments);
  }

  private static void nothing() {}

  @Override
  public KernelConstants constants() {
    return constants;
  }

  @Override
  public String release() {
    return release;
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
    boolean fixed = (flags & constants.mapFixed()) != 0;
    return call(
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
    int validate = constants.mapSharedValidate();
    int sync = constants.mapSync();
    int really = flags;
    if (sync != 0 && (flags & (validate | sync)) == (validate | sync)) {
      int plain = flags & ~(validate | sync) | KernelConstants.MAP_SHARED;
      really =
          switch (syncAnswer) {
            case REAL -> flags;
            case TAKEN -> plain | sync;
            case TAKEN_IN_NAME_ONLY -> plain;
          };
    }
    synchronized (holdings) { // or another thread gets what this one has just given back
      long mapped = real.mmap(address, length, prot, really, fd, offset);
      holdings.addRange(mapped, mapped + length);
      return mapped;
    }
  }

  @Override
  public void mremap(long oldAddress, long length, int flags, long newAddress)
      throws ErrnoException {
    call(
        SystemCall.MREMAP,
        () -> doMunmap(newAddress, length),
        () -> {
          synchronized (holdings) {
            real.mremap(oldAddress, length, flags, newAddress);
            holdings.removeRange(oldAddress, oldAddress + length);
            holdings.addRange(newAddress, newAddress + length);
          }
        },
        oldAddress,
        length,
        flags,
        newAddress);
  }

  @Override
  public void munmap(long address, long length) throws ErrnoException {
    Action unmap = () -> doMunmap(address, length);
    call(SystemCall.MUNMAP, unmap, unmap, address, length);
  }

  private void doMunmap(long address, long length) throws ErrnoException {
    long pages = (length + getpagesize() - 1) & -getpagesize();
    synchronized (holdings) {
      real.munmap(address, length);
      holdings.removeRange(address, address + pages);
    }
  }

  @Override
  public void msync(long address, long length, int flags) throws ErrnoException {
    call(
        SystemCall.MSYNC,
        FaultyLibc::nothing,
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
    call(
        SystemCall.MADVISE,
        FaultyLibc::nothing,
        () -> real.madvise(address, length, advice),
        address,
        length,
        advice);
  }

  @Override
  public void mbind(long address, long length, int mode, SortedSet<Integer> nodes, int flags)
      throws ErrnoException {
    call(
        SystemCall.MBIND,
        FaultyLibc::nothing,
        () -> real.mbind(address, length, mode, nodes, flags),
        address,
        length,
        mode,
        nodes,
        flags);
  }

  @Override
  public int memfdCreate(String name, int flags) throws ErrnoException {
    return call(
        SystemCall.MEMFD_CREATE,
        FaultyLibc::nothing,
        () -> {
          int fd = real.memfdCreate(name, flags);
          holdings.addDescriptor(fd);
          return fd;
        },
        name,
        flags);
  }

  @Override
  public void fcntlAddSeals(int fd, int seals) throws ErrnoException {
    call(
        SystemCall.FCNTL_ADD_SEALS,
        FaultyLibc::nothing,
        () -> real.fcntlAddSeals(fd, seals),
        fd,
        seals);
  }

  @Override
  public int open(Path path, int flags, int mode) throws ErrnoException {
    return call(
        SystemCall.OPEN,
        FaultyLibc::nothing,
        () -> {
          int fd = real.open(path, flags, mode);
          holdings.addDescriptor(fd);
          return fd;
        },
        path,
        flags,
        mode);
  }

  @Override
  public void close(int fd) throws ErrnoException {
    Action close =
        () -> {
          holdings.removeDescriptor(fd);
          real.close(fd);
        };
    call(SystemCall.CLOSE, close, close, fd);
  }

  @Override
  public void unlink(Path path) throws ErrnoException {
    Action unlink = () -> real.unlink(path);
    call(SystemCall.UNLINK, unlink, unlink, path);
  }

  @Override
  public FileStatus statx(int fd) throws ErrnoException {
    return call(SystemCall.STATX, FaultyLibc::nothing, () -> statxAnswer.apply(real.statx(fd)), fd);
  }

  @Override
  public FileSystemStatus fstatfs(int fd) throws ErrnoException {
    return call(
        SystemCall.FSTATFS, FaultyLibc::nothing, () -> fstatfsAnswer.apply(real.fstatfs(fd)), fd);
  }

  @Override
  public long lseekEnd(int fd) throws ErrnoException {
    return call(SystemCall.LSEEK, FaultyLibc::nothing, () -> real.lseekEnd(fd), fd);
  }

  @Override
  public void ftruncate(int fd, long length) throws ErrnoException {
    Action truncate = () -> real.ftruncate(fd, length);
    call(SystemCall.FTRUNCATE, truncate, truncate, fd, length);
  }

  @Override
  public void fallocate(int fd, int mode, long offset, long length) throws ErrnoException {
    call(
        SystemCall.FALLOCATE,
        FaultyLibc::nothing,
        () -> real.fallocate(fd, mode, offset, length),
        fd,
        mode,
        offset,
        length);
  }

  @Override
  public void fsync(int fd) throws ErrnoException {
    call(SystemCall.FSYNC, FaultyLibc::nothing, () -> real.fsync(fd), fd);
  }

  @Override
  public void syncFileRange(int fd, long offset, long length, int flags) throws ErrnoException {
    call(
        SystemCall.SYNC_FILE_RANGE,
        FaultyLibc::nothing,
        () -> real.syncFileRange(fd, offset, length, flags),
        fd,
        offset,
        length,
        flags);
  }

  @Override
  public void fcntlOfdSetlk(int fd, boolean exclusive) throws ErrnoException {
    call(
        SystemCall.FCNTL,
        FaultyLibc::nothing,
        () -> real.fcntlOfdSetlk(fd, exclusive),
        fd,
        exclusive);
  }

  @Override
  public int userfaultfd(int flags) throws ErrnoException {
    return call(
        SystemCall.USERFAULTFD,
        FaultyLibc::nothing,
        () -> {
          int fd = real.userfaultfd(flags);
          holdings.addDescriptor(fd);
          return fd;
        },
        flags);
  }

  @Override
  public int ioctlUserfaultfdNew(int fd, int flags) throws ErrnoException {
    return call(
        SystemCall.IOCTL_USERFAULTFD_NEW,
        FaultyLibc::nothing,
        () -> {
          int made = real.ioctlUserfaultfdNew(fd, flags);
          holdings.addDescriptor(made);
          return made;
        },
        fd,
        flags);
  }

  @Override
  public long ioctlUffdioApi(int fd, long features) throws ErrnoException {
    return call(
        SystemCall.IOCTL_UFFDIO_API,
        FaultyLibc::nothing,
        () -> real.ioctlUffdioApi(fd, features),
        fd,
        features);
  }

  @Override
  public void ioctlUffdioRegister(int fd, long address, long length, long mode)
      throws ErrnoException {
    call(
        SystemCall.IOCTL_UFFDIO_REGISTER,
        FaultyLibc::nothing,
        () -> real.ioctlUffdioRegister(fd, address, length, mode),
        fd,
        address,
        length,
        mode);
  }

  @Override
  public void ioctlUffdioWriteprotect(int fd, long address, long length, long mode)
      throws ErrnoException {
    Action protect = () -> real.ioctlUffdioWriteprotect(fd, address, length, mode);
    call(SystemCall.IOCTL_UFFDIO_WRITEPROTECT, protect, protect, fd, address, length, mode);
  }

  @Override
  public PageRegions ioctlPagemapScan(
      int fd, long flags, long start, long end, int vectorLength, long categories)
      throws ErrnoException {
    int really = Math.min(vectorLength, longestVector);
    return call(
        SystemCall.IOCTL_PAGEMAP_SCAN,
        () -> real.ioctlPagemapScan(fd, flags, start, end, really, categories),
        () -> scanAnswer.apply(real.ioctlPagemapScan(fd, flags, start, end, really, categories)),
        fd,
        flags,
        start,
        end,
        really,
        categories);
  }
}
