package holdfast.host.linux.internal;

import com.sun.jna.Library;
import com.sun.jna.Native;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.PageRegions;
import holdfast.host.linux.internal.linux.CommonConstants;
import holdfast.host.linux.internal.linux.HandWrittenConstants;
import holdfast.host.linux.internal.linux.IoctlNumbers;
import holdfast.host.linux.internal.linux.LinuxArchitectures;
import holdfast.host.linux.internal.linux.LinuxFamily;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * ioctl(2) on a userfaultfd and on pagemap, and userfaultfd(2) itself, through JNA's variadic
 * calls. Each call allocates its own structures and vector of regions.
 */
final class JnaIoctl {
  private final IoctlNumbers numbers = new IoctlNumbers(LinuxFamily.host());
  private final Variadic variadic = Native.load(null, Variadic.class);

  private interface Variadic extends Library {
    int ioctl(int fd, long request, Object... argument);

    long syscall(long number, Object... arguments);
  }

  int userfaultfd(int flags) throws ErrnoException {
    int number = LinuxArchitectures.userfaultfd(System.getProperty("os.arch"));
    long fd = variadic.syscall(number, (long) flags);
    if (fd < 0) {
      throw failure("userfaultfd");
    }
    return (int) fd;
  }

  int userfaultfdNew(int fd, int flags) throws ErrnoException {
    long request = numbers.io(CommonConstants.USERFAULTFD_IOC, 0);
    return call("USERFAULTFD_IOC_NEW", fd, request, flags);
  }

  long uffdioApi(int fd, long features) throws ErrnoException {
    IoctlStruct struct = IoctlStruct.UFFDIO_API;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment api = arena.allocate(struct.layout());
      struct.set(api, "api", CommonConstants.UFFD_API);
      struct.set(api, "features", features);
      call("UFFDIO_API", fd, uffdio(CommonConstants._UFFDIO_API, struct), api.address());
      return struct.get(api, "features");
    }
  }

  void uffdioRegister(int fd, long address, long length, long mode) throws ErrnoException {
    IoctlStruct struct = IoctlStruct.UFFDIO_REGISTER;
    protect("UFFDIO_REGISTER", CommonConstants._UFFDIO_REGISTER, struct, fd, address, length, mode);
  }

  void uffdioWriteprotect(int fd, long address, long length, long mode) throws ErrnoException {
    IoctlStruct struct = IoctlStruct.UFFDIO_WRITEPROTECT;
    int nr = CommonConstants._UFFDIO_WRITEPROTECT;
    protect("UFFDIO_WRITEPROTECT", nr, struct, fd, address, length, mode);
  }

  private void protect(
      String name, int nr, IoctlStruct struct, int fd, long address, long length, long mode)
      throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment range = arena.allocate(struct.layout());
      struct.set(range, "start", address);
      struct.set(range, "len", length);
      struct.set(range, "mode", mode);
      call(name, fd, uffdio(nr, struct), range.address());
    }
  }

  PageRegions pagemapScan(
      int fd, long flags, long start, long end, int vectorLength, long categories)
      throws ErrnoException {
    IoctlStruct struct = IoctlStruct.PM_SCAN_ARG;
    IoctlStruct region = IoctlStruct.PAGE_REGION;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment vector = arena.allocate(region.layout(), vectorLength);
      MemorySegment scan = arena.allocate(struct.layout());
      struct.set(scan, "size", struct.size());
      struct.set(scan, "flags", flags);
      struct.set(scan, "start", start);
      struct.set(scan, "end", end);
      struct.set(scan, "vec", vector.address());
      struct.set(scan, "vec_len", vectorLength);
      struct.set(scan, "category_mask", categories);
      struct.set(scan, "return_mask", categories);
      long request =
          numbers.iowr(
              HandWrittenConstants.PAGEMAP_SCAN_TYPE,
              HandWrittenConstants.PAGEMAP_SCAN_NR,
              struct.size());
      int found = call("PAGEMAP_SCAN", fd, request, scan.address());
      List<PageRegions.Region> regions = new ArrayList<>(found);
      for (int at = 0; at < found; at++) {
        MemorySegment one = vector.asSlice(at * region.size(), region.layout());
        regions.add(new PageRegions.Region(region.get(one, "start"), region.get(one, "end")));
      }
      return new PageRegions(regions, struct.get(scan, "walk_end"));
    }
  }

  private long uffdio(int nr, IoctlStruct struct) {
    return numbers.iowr(CommonConstants.UFFDIO, nr, struct.size());
  }

  /**
   * Makes the call. SAFETY: an argument that is an address points to a structure of the size in
   * {@code request}, in an arena that the caller closes after this call.
   */
  private int call(String name, int fd, long request, long argument) throws ErrnoException {
    int result = variadic.ioctl(fd, request, argument);
    if (result < 0) {
      throw failure("ioctl(" + name + ")");
    }
    return result;
  }

  private static ErrnoException failure(String call) {
    int errno = Native.getLastError();
    return new ErrnoException(call, new Errno(errno, JnaLibc.text(errno)));
  }
}
