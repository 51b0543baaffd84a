package holdfast.backend.mmap;

import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/**
 * This host's libc with the constants of another host: translates the flags of mmap(2), msync(2)
 * and open(2) from that host's numbers to this one's, and throws on an mmap(2) bit that means
 * nothing, or nothing that Holdfast wants, there.
 */
final class ForeignLibc implements InvocationHandler {
  private static final int MMAP_FLAGS = 3;
  private static final int MSYNC_FLAGS = 2;
  private static final int OPEN_FLAGS = 1;

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
    int translated = flags - left;
    int[][] pairs = {
      {there.mapFixed(), here.mapFixed()},
      {there.mapFixedNoreplace(), here.mapFixedNoreplace()},
      {there.mapAnonymous(), here.mapAnonymous()},
      {there.mapNoreserve(), here.mapNoreserve()},
      {there.mapSync(), here.mapSync()},
    };
    for (int[] pair : pairs) {
      if ((left & pair[0]) != 0) {
        translated |= pair[1];
        left &= ~pair[0];
      }
    }
    if (left != 0) {
      throw new AssertionError("mmap(2) flags that mean nothing: 0x" + Integer.toHexString(left));
    }
    return translated;
  }

  private int syncFlags(int flags) {
    if (flags != there.msSync()) {
      throw new AssertionError("msync(2) flags 0x" + Integer.toHexString(flags));
    }
    return here.msSync();
  }

  private int openFlags(int flags) {
    int translated = flags & ~(there.openDirectory() | there.openNofollow());
    translated |= (flags & there.openDirectory()) != 0 ? here.openDirectory() : 0;
    translated |= (flags & there.openNofollow()) != 0 ? here.openNofollow() : 0;
    return translated;
  }
}
