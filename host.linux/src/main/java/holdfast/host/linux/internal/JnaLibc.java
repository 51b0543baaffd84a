package holdfast.host.linux.internal;

import com.sun.jna.Function;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.FileSystemStatus;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import holdfast.host.linux.PageRegions;
import holdfast.host.linux.internal.linux.CommonConstants;
import holdfast.host.linux.internal.linux.LinuxConstant;
import holdfast.host.linux.internal.linux.LinuxFamily;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/**
 * The host's libc through JNA: direct mapping, except for the variadic functions, which need JNA's
 * variadic calls because the calling convention of their arguments can differ (the System V ABI of
 * 64-bit PowerPC, for one).
 */
public final class JnaLibc implements Libc {
  /** Everywhere: linux/fcntl.h, F_LINUX_SPECIFIC_BASE + 6. */
  private static final int F_DUPFD_CLOEXEC = 1030;

  private static final String LIBNUMA = "libnuma.so.1";

  /** sizeof(struct uffd_msg), everywhere. */
  private static final byte[] IGNORED = new byte[32];

  private final KernelConstants constants;
  private final LinuxFamily linux = LinuxFamily.host();
  private final Variadic variadic;
  private final JnaIoctl ioctl;

  /** libnuma's mbind; null if the library is missing. */
  private final @Nullable Function mbind;

  private JnaLibc() {
    if (Native.LONG_SIZE != 8) {
      throw new UnsupportedOperationException("Holdfast needs a 64-bit host");
    }
    String system = System.getProperty("os.name");
    if (!system.equals("Linux")) {
      throw new UnsupportedOperationException(
          "Holdfast calls the C library of Linux (statx, fallocate, open file description locks);"
              + " this is "
              + system);
    }
    constants = KernelConstants.of(system, System.getProperty("os.arch"));
    variadic = Native.load(null, Variadic.class);
    ioctl = new JnaIoctl();
    mbind = findMbind();
  }

  private static @Nullable Function findMbind() {
    try {
      return NativeLibrary.getInstance(LIBNUMA).getFunction("mbind");
    } catch (UnsatisfiedLinkError notThere) {
      return null;
    }
  }

  private static final class Holder {
    static final JnaLibc INSTANCE = new JnaLibc();
  }

  /** Returns the one instance; libc is bound on first use. */
  public static JnaLibc instance() {
    return Holder.INSTANCE;
  }

  /** The functions that JNA must call as variadic ones. */
  private interface Variadic extends Library {
    int open(byte[] path, int flags, Object... mode);

    int fcntl(int fd, int cmd, Object... arg);

    long mremap(long oldAddress, long oldSize, long newSize, int flags, Object... newAddress);
  }

  /** The directly mapped functions, in their C signatures on an LP64 host. */
  private static final class C {
    static {
      Native.register(C.class, NativeLibrary.getProcess());
    }

    static native int getpagesize();

    static native int geteuid();

    static native long mmap(long addr, long length, int prot, int flags, int fd, long offset);

    static native int munmap(long addr, long length);

    static native int msync(long addr, long length, int flags);

    static native int madvise(long addr, long length, int advice);

    static native int memfd_create(byte[] name, int flags);

    static native int close(int fd);

    static native int unlink(byte[] path);

    static native int statx(int dirfd, byte[] path, int flags, int mask, byte[] statxbuf);

    static native int fstatfs(int fd, byte[] buf);

    static native long lseek(int fd, long offset, int whence);

    static native int ftruncate(int fd, long length);

    static native int fallocate(int fd, int mode, long offset, long length);

    static native int fsync(int fd);

    static native int sync_file_range(int fd, long offset, long nbytes, int flags);

    static native long read(int fd, byte[] buf, long count);

    static native String strerror(int errnum);
  }

  @Override
  public KernelConstants constants() {
    return constants;
  }

  @Override
  public String release() {
    return System.getProperty("os.version", ""); // the JDK has called uname(2)
  }

  @Override
  public long getpagesize() {
    return C.getpagesize();
  }

  @Override
  public int geteuid() {
    return C.geteuid();
  }

  @Override
  public long mmap(long address, long length, int prot, int flags, int fd, long offset)
      throws ErrnoException {
    // SAFETY: with MAP_FIXED the caller owns [address, address + length); the mapper uses it
    // only within its own windows. Without it, the kernel chooses free addresses.
    long mapped = C.mmap(address, length, prot, flags, fd, offset);
    if (mapped == -1) {
      throw failure("mmap");
    }
    return mapped;
  }

  @Override
  public long mremap(long oldAddress, long length, int flags, long newAddress)
      throws ErrnoException {
    // SAFETY: the caller owns the old range, with MREMAP_FIXED the new one, too, and ensures that
    // the old one is no longer accessed, unless MREMAP_DONTUNMAP keeps a mapping there.
    long moved = variadic.mremap(oldAddress, length, length, flags, newAddress);
    if (moved == -1) {
      throw failure("mremap");
    }
    return moved;
  }

  @Override
  public void munmap(long address, long length) throws ErrnoException {
    // SAFETY: the caller owns the range, and no MemorySegment over it is alive.
    check("munmap", C.munmap(address, length));
  }

  @Override
  public void msync(long address, long length, int flags) throws ErrnoException {
    // SAFETY: memory is only written back; for an unmapped range the kernel returns ENOMEM.
    check("msync", C.msync(address, length, flags));
  }

  @Override
  public void madvise(long address, long length, int advice) throws ErrnoException {
    // SAFETY: the advice in KernelConstants changes no byte of a mapping, except MADV_REMOVE,
    // which a window gives only after its segment is closed.
    check("madvise", C.madvise(address, length, advice));
  }

  @Override
  public void mbind(long address, long length, int mode, SortedSet<Integer> nodes, int flags)
      throws ErrnoException {
    if (mbind == null) {
      throw new ErrnoException(
          "mbind", new Errno(Errno.ENOSYS, LIBNUMA + " is not there (Debian: libnuma1)"));
    }
    long[] mask = new long[nodes.last() / Long.SIZE + 1];
    nodes.forEach(node -> mask[node / Long.SIZE] |= 1L << node);
    // one more than the number of bits: the kernel subtracts one (mm/mempolicy.c, get_nodes)
    long bits = (long) mask.length * Long.SIZE + 1;
    // SAFETY: a policy changes where pages lie, not what they hold.
    int result = mbind.invokeInt(new Object[] {address, length, mode, mask, bits, flags});
    check("mbind", result);
  }

  @Override
  public int memfdCreate(String name, int flags) throws ErrnoException {
    int fd = C.memfd_create(cString(name), flags);
    if (fd < 0) {
      throw failure("memfd_create");
    }
    return fd;
  }

  @Override
  public int fcntlDupfdCloexec(int fd) throws ErrnoException {
    int made = variadic.fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (made < 0) {
      throw failure("fcntl");
    }
    return made;
  }

  @Override
  public void fcntlAddSeals(int fd, int seals) throws ErrnoException {
    check("fcntl", variadic.fcntl(fd, CommonConstants.F_ADD_SEALS, seals));
  }

  @Override
  public int open(Path path, int flags, int mode) throws ErrnoException {
    int fd = variadic.open(cString(path), flags, mode);
    if (fd < 0) {
      throw failure("open");
    }
    return fd;
  }

  @Override
  public void close(int fd) throws ErrnoException {
    check("close", C.close(fd));
  }

  @Override
  public void unlink(Path path) throws ErrnoException {
    check("unlink", C.unlink(cString(path)));
  }

  @Override
  public FileStatus statx(int fd) throws ErrnoException {
    byte[] raw = new byte[256]; // struct statx: the same layout on every architecture
    check(
        "statx",
        C.statx(
            fd,
            new byte[] {0},
            CommonConstants.AT_EMPTY_PATH,
            CommonConstants.STATX_BASIC_STATS,
            raw));
    ByteBuffer buf = ByteBuffer.wrap(raw).order(ByteOrder.nativeOrder());
    return new FileStatus(
        Short.toUnsignedInt(buf.getShort(28)),
        buf.getInt(16),
        buf.getInt(20),
        buf.getLong(40),
        buf.getLong(48),
        buf.getLong(32),
        buf.getInt(136),
        buf.getInt(140),
        buf.getInt(128),
        buf.getInt(132),
        Instant.ofEpochSecond(buf.getLong(96), Integer.toUnsignedLong(buf.getInt(104))),
        (buf.getLong(8) & CommonConstants.STATX_ATTR_DAX) != 0);
  }

  @Override
  public FileSystemStatus fstatfs(int fd) throws ErrnoException {
    byte[] raw = new byte[256];
    check("fstatfs", C.fstatfs(fd, raw));
    return StatfsLayout.host().read(raw);
  }

  @Override
  public long lseekEnd(int fd) throws ErrnoException {
    long size = C.lseek(fd, 0, CommonConstants.SEEK_END);
    if (size < 0) {
      throw failure("lseek");
    }
    return size;
  }

  @Override
  public void ftruncate(int fd, long length) throws ErrnoException {
    check("ftruncate", C.ftruncate(fd, length));
  }

  @Override
  public void fallocate(int fd, int mode, long offset, long length) throws ErrnoException {
    check("fallocate", C.fallocate(fd, mode, offset, length));
  }

  @Override
  public void fsync(int fd) throws ErrnoException {
    check("fsync", C.fsync(fd));
  }

  @Override
  public void syncFileRange(int fd, long offset, long length, int flags) throws ErrnoException {
    check("sync_file_range", C.sync_file_range(fd, offset, length, flags));
  }

  @Override
  public void fcntlOfdSetlk(int fd, boolean exclusive) throws ErrnoException {
    int type = linux.value(exclusive ? LinuxConstant.F_WRLCK : LinuxConstant.F_RDLCK);
    check("fcntl", variadic.fcntl(fd, CommonConstants.F_OFD_SETLK, flock(type).array()));
  }

  @Override
  public boolean fcntlOfdGetlk(int fd) throws ErrnoException {
    // only a writer's lock can conflict with a reader's; the kernel writes its type over ours
    ByteBuffer flock = flock(linux.value(LinuxConstant.F_RDLCK));
    check("fcntl", variadic.fcntl(fd, CommonConstants.F_OFD_GETLK, flock.array()));
    return flock.getShort(0) == (short) linux.value(LinuxConstant.F_WRLCK);
  }

  /** Returns a struct flock for a whole file. */
  private static ByteBuffer flock(int type) {
    // on LP64: short l_type, short l_whence, off_t l_start (8), off_t l_len (16), pid
    return ByteBuffer.allocate(32).order(ByteOrder.nativeOrder()).putShort(0, (short) type);
  }

  @Override
  public int userfaultfd(int flags) throws ErrnoException {
    return ioctl.userfaultfd(flags);
  }

  @Override
  public int ioctlUserfaultfdNew(int fd, int flags) throws ErrnoException {
    return ioctl.userfaultfdNew(fd, flags);
  }

  @Override
  public long ioctlUffdioApi(int fd, long features) throws ErrnoException {
    return ioctl.uffdioApi(fd, features);
  }

  @Override
  public void ioctlUffdioRegister(int fd, long address, long length, long mode)
      throws ErrnoException {
    // SAFETY: changes no byte; with UFFDIO_REGISTER_MODE_WP alone and an asynchronous
    // userfaultfd no thread ever waits for its fault to be handled.
    ioctl.uffdioRegister(fd, address, length, mode);
  }

  @Override
  public void ioctlUffdioWriteprotect(int fd, long address, long length, long mode)
      throws ErrnoException {
    // SAFETY: changes no byte, and only affects what is registered with this descriptor.
    ioctl.uffdioWriteprotect(fd, address, length, mode);
  }

  @Override
  public boolean readUffdMessage(int fd) throws ErrnoException {
    if (C.read(fd, IGNORED, IGNORED.length) >= 0) {
      return true;
    }
    int errno = Native.getLastError();
    if (errno == Errno.EAGAIN || errno == Errno.EINTR) {
      return false; // no object is made for this, since it is asked again and again
    }
    throw failure("read");
  }

  @Override
  public PageRegions ioctlPagemapScan(
      int fd, long flags, long start, long end, int vectorLength, long categories)
      throws ErrnoException {
    // SAFETY: changes no byte; the caller owns the range, so nobody else relies on the written
    // state that PM_SCAN_WP_MATCHING clears.
    return ioctl.pagemapScan(fd, flags, start, end, vectorLength, categories);
  }

  private static void check(String call, int result) throws ErrnoException {
    if (result != 0) {
      throw failure(call);
    }
  }

  private static ErrnoException failure(String call) {
    int errno = Native.getLastError();
    return new ErrnoException(call, new Errno(errno, text(errno)));
  }

  /** strerror(3). */
  static String text(int errno) {
    return C.strerror(errno);
  }

  /** Returns a path as the kernel takes it: bytes in the encoding of file names, and a NUL. */
  private static byte[] cString(Path path) {
    return cString(path.toString());
  }

  private static byte[] cString(String text) {
    Charset fileNames = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
    byte[] bytes = text.getBytes(fileNames);
    return Arrays.copyOf(bytes, bytes.length + 1);
  }
}
