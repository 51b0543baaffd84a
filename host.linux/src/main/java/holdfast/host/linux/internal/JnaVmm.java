package holdfast.host.linux.internal;

import com.sun.jna.Function;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.VmmCalls;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;

/**
 * A monitor's system calls through JNA. Each run of a virtual CPU is an ioctl(2), so where that can
 * be mapped directly it is: a variadic call costs a microsecond more.
 */
public final class JnaVmm implements VmmCalls {
  /**
   * Where a variadic function takes integers as any other function does: the psABIs of x86-64 and
   * RISC-V, AAPCS64 as Linux uses it.
   */
  private static final Set<String> PLAIN = Set.of("amd64", "x86_64", "aarch64", "riscv64");

  /** SIG_ERR of signal.h. */
  private static final long SIG_ERR = -1;

  private static final class Holder {
    static final JnaVmm INSTANCE = new JnaVmm();
  }

  private interface Variadic extends Library {
    int ioctl(int fd, long request, Object... argument);
  }

  /** In their C signatures on an LP64 host. */
  private static final class C {
    static {
      Native.register(C.class, NativeLibrary.getProcess());
    }

    static native int ioctl(int fd, long request, long argument);

    static native long mmap(long addr, long length, int prot, int flags, int fd, long offset);

    static native int munmap(long addr, long length);

    static native int gettid();

    static native int getpid();

    static native int tgkill(int tgid, int tid, int sig);

    static native long signal(int signum, long handler);

    static native int __libc_current_sigrtmin();

    static native int __libc_current_sigrtmax();
  }

  private final boolean plain = PLAIN.contains(System.getProperty("os.arch"));
  private final Variadic variadic = Native.load(null, Variadic.class);
  private final Function handler = NativeLibrary.getProcess().getFunction("getpid");

  private JnaVmm() {
    JnaLibc.instance(); // refuses a host whose calls differ
  }

  /** Returns the one instance. */
  public static JnaVmm instance() {
    return Holder.INSTANCE;
  }

  @Override
  public int ioctl(int fd, String name, long request, long argument) throws ErrnoException {
    // SAFETY: an argument that is an address points to what the request takes, by contract.
    int result = plain ? C.ioctl(fd, request, argument) : variadic.ioctl(fd, request, argument);
    if (result < 0) {
      throw failure("ioctl(" + name + ")");
    }
    return result;
  }

  @Override
  public ByteBuffer map(int fd, int length) throws ErrnoException {
    int access = KernelConstants.PROT_READ | KernelConstants.PROT_WRITE;
    long address = C.mmap(0, length, access, KernelConstants.MAP_SHARED, fd, 0);
    if (address == -1) {
      throw failure("mmap");
    }
    // SAFETY: the caller does not use the view after unmap.
    return new Pointer(address).getByteBuffer(0, length).order(ByteOrder.nativeOrder());
  }

  @Override
  public void unmap(ByteBuffer mapped) throws ErrnoException {
    // SAFETY: the caller made it with map, and nobody uses it any more.
    if (C.munmap(MemorySegment.ofBuffer(mapped).address(), mapped.capacity()) != 0) {
      throw failure("munmap");
    }
  }

  @Override
  public int gettid() {
    return C.gettid();
  }

  @Override
  public void tgkill(int tid, int signal) throws ErrnoException {
    // SAFETY: the signal has a handler that does nothing, by contract.
    if (C.tgkill(C.getpid(), tid, signal) != 0) {
      throw failure("tgkill");
    }
  }

  @Override
  public int sigrtmin() {
    return C.__libc_current_sigrtmin();
  }

  @Override
  public int sigrtmax() {
    return C.__libc_current_sigrtmax();
  }

  @Override
  public void letInterrupt(int signal) throws ErrnoException {
    // SAFETY: getpid(2) takes no argument, touches no memory, and stays loaded for the process's
    // life; signal(3) of glibc restarts other calls that it interrupts (SA_RESTART).
    if (C.signal(signal, Pointer.nativeValue(handler)) == SIG_ERR) {
      throw failure("signal");
    }
  }

  private static ErrnoException failure(String call) {
    int errno = Native.getLastError();
    return new ErrnoException(call, new Errno(errno, JnaLibc.text(errno)));
  }
}
