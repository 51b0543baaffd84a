package holdfast.backend.mmap;

import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Set;
import java.util.function.ToIntFunction;

/**
 * This host's libc with the constants of another host: translates the flags of mmap(2), msync(2)
 * and open(2) and the advice of madvise(2) from that host's numbers to this one's, and throws on a
 * number that means nothing, or nothing that Holdfast wants, there.
 */
final class ForeignLibc implements InvocationHandler {
  private static final int MMAP_FLAGS = 3;
  private static final int MSYNC_FLAGS = 2;
  private static final int OPEN_FLAGS = 1;
  private static final int ADVICE = 2;

  /** Advice with the same number on every architecture. */
  private static final Set<Integer> ADVICE_EVERYWHERE =
      Set.of(
          KernelConstants.MADV_DONTFORK,
          KernelConstants.MADV_RANDOM,
          KernelConstants.MADV_REMOVE,
          KernelConstants.MADV_POPULATE_READ,
          KernelConstants.MADV_POPULATE_WRITE);

  private final Libc real = HostLibc.instance();
  private final KernelConstants here = real.constants();
  private final KernelConstants there;

  private ForeignLibc(KernelConstants there) {
    this.there = there;
  }

  static Libc with(KernelConstants constants) {
    return (Libc)
        Proxy.newProxyInstance(
            ForeignLibc.class.getClassLoader(),
            new Class<?>[] {Libc.class},
            new ForeignLibc(constants));
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
    switch (method.getName()) {
      case "constants" -> {
        return there;
      }
      case "mmap" -> arguments[MMAP_FLAGS] = mapFlags((int) arguments[MMAP_FLAGS]);
      case "msync" -> arguments[MSYNC_FLAGS] = syncFlags((int) arguments[MSYNC_FLAGS]);
      case "madvise" -> arguments[ADVICE] = advice((int) arguments[ADVICE]);
      case "open" -> arguments[OPEN_FLAGS] = openFlags((int) arguments[OPEN_FLAGS]);
      default -> {}
    }
    try {
      return method.invoke(real, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private int mapFlags(int flags) {
    int left = flags & ~(KernelConstants.MAP_SHARED | KernelConstants.MAP_PRIVATE);
    return flags
        - left
        + translated(
            "mmap",
            left,
            List.of(
                KernelConstants::mapFixed,
                KernelConstants::mapFixedNoreplace,
                KernelConstants::mapAnonymous,
                KernelConstants::mapNoreserve,
                KernelConstants::mapSync));
  }

  private int openFlags(int flags) {
    int left = flags & ~KernelConstants.O_RDWR;
    return flags
        - left
        + translated(
            "open",
            left,
            List.of(
                KernelConstants::openTmpfile, // which holds O_DIRECTORY
                KernelConstants::openDirectory,
                KernelConstants::openNofollow,
                KernelConstants::openCreat,
                KernelConstants::openExcl,
                KernelConstants::openCloexec,
                KernelConstants::openPath));
  }

  private int translated(String call, int flags, List<ToIntFunction<KernelConstants>> known) {
    int left = flags;
    int translated = 0;
    for (ToIntFunction<KernelConstants> flag : known) {
      int theirs = flag.applyAsInt(there);
      if (theirs != 0 && (left & theirs) == theirs) {
        translated |= flag.applyAsInt(here);
        left &= ~theirs;
      }
    }
    if (left != 0) {
      throw new AssertionError(
          call + "(2) flags that mean nothing: 0x" + Integer.toHexString(left));
    }
    return translated;
  }

  private int syncFlags(int flags) {
    if (flags != there.msSync()) {
      throw new AssertionError("msync(2) flags 0x" + Integer.toHexString(flags));
    }
    return here.msSync();
  }

  private int advice(int advice) {
    if (ADVICE_EVERYWHERE.contains(advice)) {
      return advice;
    }
    List<ToIntFunction<KernelConstants>> known =
        List.of(
            KernelConstants::madvNohugepage,
            KernelConstants::madvHugepage,
            KernelConstants::madvMergeable,
            KernelConstants::madvUnmergeable,
            KernelConstants::madvDontdump,
            KernelConstants::madvDodump);
    for (ToIntFunction<KernelConstants> one : known) {
      if (one.applyAsInt(there) == advice) {
        return one.applyAsInt(here);
      }
    }
    throw new AssertionError("madvise(2) advice that means nothing: " + advice);
  }
}
