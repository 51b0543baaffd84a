package holdfast.host.linux;

import holdfast.host.linux.internal.JnaLibc;
import holdfast.host.linux.internal.JnaSocket;
import holdfast.host.linux.internal.JnaVmm;

/** Provides the C library of this process. */
public final class HostLibc {
  private HostLibc() {}

  /**
   * Returns the C library of this process, one instance for all callers.
   *
   * @throws UnsupportedOperationException if this is not Linux on a 64-bit architecture whose
   *     constants are known
   */
  public static Libc instance() {
    return JnaLibc.instance();
  }

  /**
   * Returns a monitor's system calls of this process, one instance for all callers.
   *
   * @throws UnsupportedOperationException as {@link #instance}
   */
  public static VmmCalls vmm() {
    return JnaVmm.instance();
  }

  /** Returns the sockets' system calls of this process, one instance for all callers. */
  public static SocketCalls sockets() {
    return JnaSocket.instance();
  }
}
