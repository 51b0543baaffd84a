package holdfast.host.linux.internal;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;

/** Sends datagrams to UNIX sockets, which Java has no channel for. */
public final class JnaDatagram {
  private static final int AF_UNIX = 1;

  /** The two kinds of sockets have changed places on MIPS: asm/socket.h. */
  private static final int SOCK_DGRAM = System.getProperty("os.arch").startsWith("mips") ? 1 : 2;

  /** On every architecture. */
  private static final int MSG_DONTWAIT = 0x40;

  private JnaDatagram() {}

  private static final class C {
    static {
      Native.register(C.class, NativeLibrary.getProcess());
    }

    static native int socket(int domain, int type, int protocol);

    static native long sendto(
        int sockfd, byte[] buf, long len, int flags, byte[] destAddr, int addrlen);

    static native int close(int fd);
  }

  /**
   * Sends one datagram, if that can be done at once.
   *
   * @param address a sockaddr_un
   */
  public static void send(byte[] address, byte[] message) throws ErrnoException {
    int socket = C.socket(AF_UNIX, SOCK_DGRAM, 0);
    if (socket < 0) {
      throw failure("socket");
    }
    try {
      if (C.sendto(socket, message, message.length, MSG_DONTWAIT, address, address.length) < 0) {
        throw failure("sendto");
      }
    } finally {
      C.close(socket);
    }
  }

  private static ErrnoException failure(String call) {
    int errno = Native.getLastError();
    return new ErrnoException(call, new Errno(errno, JnaLibc.text(errno)));
  }
}
