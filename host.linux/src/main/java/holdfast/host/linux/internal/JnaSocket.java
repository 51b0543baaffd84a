package holdfast.host.linux.internal;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.SocketCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.Set;

/**
 * A UNIX socket as the kernel has it, for what Java's can't: descriptors go over it (unix(7),
 * SCM_RIGHTS). The layouts are those of 64-bit Linux.
 */
public final class JnaSocket implements SocketCalls {
  private static final int AF_UNIX = 1;

  /** SOCK_STREAM and SOL_SOCKET, which have other values on {@link #OTHERS}. */
  private static final int SOCK_STREAM = 1;

  private static final int SOL_SOCKET = 1;

  /** Architectures of Linux for which no JDK 25 is made. */
  private static final Set<String> OTHERS = Set.of("alpha", "mips", "parisc", "sparc");

  private static final int SCM_RIGHTS = 1;

  /** The same everywhere: errno-base.h. */
  private static final int EMFILE = 24;

  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CTRUNC = 8;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;
  private static final short POLLIN = 1;
  private static final short POLLOUT = 4;
  private static final int SHUT_RDWR = 2;
  private static final int BACKLOG = 8;

  // struct msghdr
  private static final long IOV = 16;
  private static final long IOV_LENGTH = 24;
  private static final long CONTROL = 32;
  private static final long CONTROL_LENGTH = 40;
  private static final long FLAGS = 48;
  private static final long MSGHDR = 56;
  private static final long IOVEC = 16;

  // struct cmsghdr, behind which the descriptors are
  private static final long CMSG_LEVEL = 8;
  private static final long CMSG_TYPE = 12;
  private static final long CMSGHDR = 16;

  private static final JnaSocket INSTANCE = new JnaSocket();

  private JnaSocket() {}

  /** Returns the one instance. */
  public static SocketCalls instance() {
    return INSTANCE;
  }

  /** The directly mapped functions, in their C signatures on an LP64 host. */
  private static final class C {
    static {
      Native.register(C.class, NativeLibrary.getProcess());
    }

    static native int socket(int domain, int type, int protocol);

    static native int bind(int fd, byte[] addr, int addrlen);

    static native int listen(int fd, int backlog);

    static native int accept4(int fd, long addr, long addrlen, int flags);

    static native int connect(int fd, byte[] addr, int addrlen);

    static native int shutdown(int fd, int how);

    static native int poll(byte[] fds, long nfds, int timeout);

    static native long sendmsg(int fd, long msg, int flags);

    static native long recvmsg(int fd, long msg, int flags);
  }

  @Override
  public int socket() throws ErrnoException {
    String architecture = System.getProperty("os.arch");
    if (OTHERS.stream().anyMatch(architecture::startsWith)) {
      throw new ErrnoException(
          "socket", new Errno(Errno.ENOSYS, "its constants on " + architecture + " are not known"));
    }
    return check("socket", C.socket(AF_UNIX, SOCK_STREAM | cloexec(), 0));
  }

  @Override
  public void listen(int fd, Path path) throws ErrnoException {
    byte[] address = address(path);
    check("bind", C.bind(fd, address, address.length));
    check("listen", C.listen(fd, BACKLOG));
  }

  @Override
  public int accept(int fd) throws ErrnoException {
    return check("accept4", C.accept4(fd, 0, 0, cloexec()));
  }

  @Override
  public void connect(int fd, Path path) throws ErrnoException {
    byte[] address = address(path);
    check("connect", C.connect(fd, address, address.length));
  }

  @Override
  public void shutdown(int fd) throws ErrnoException {
    check("shutdown", C.shutdown(fd, SHUT_RDWR));
  }

  @Override
  public boolean poll(int fd, boolean output, int millis) throws ErrnoException {
    ByteBuffer pollfd = ByteBuffer.allocate(8).order(ByteOrder.nativeOrder());
    pollfd.putInt(fd).putShort(output ? POLLOUT : POLLIN);
    return check("poll", C.poll(pollfd.array(), 1, millis)) > 0;
  }

  @Override
  public int send(int fd, byte[] bytes, int descriptor) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment content = arena.allocate(bytes.length);
      MemorySegment.copy(bytes, 0, content, ValueLayout.JAVA_BYTE, 0, bytes.length);
      long space = descriptor < 0 ? 0 : CMSGHDR + Long.BYTES;
      MemorySegment control = arena.allocate(Math.max(space, 1), Long.BYTES);
      if (descriptor >= 0) {
        control.set(ValueLayout.JAVA_LONG, 0, CMSGHDR + Integer.BYTES);
        control.set(ValueLayout.JAVA_INT, CMSG_LEVEL, SOL_SOCKET);
        control.set(ValueLayout.JAVA_INT, CMSG_TYPE, SCM_RIGHTS);
        control.set(ValueLayout.JAVA_INT, CMSGHDR, descriptor);
      }
      MemorySegment message = message(arena, content, control, space);
      // SAFETY: the kernel reads the structures above, which live until this block ends.
      long sent = C.sendmsg(fd, message.address(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0) {
        throw failure("sendmsg");
      }
      return (int) sent;
    }
  }

  @Override
  public Received receive(int fd, byte[] into, int room) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment content = arena.allocate(room);
      MemorySegment control = arena.allocate(CMSGHDR + Integer.BYTES, Long.BYTES);
      MemorySegment message = message(arena, content, control, control.byteSize());
      // SAFETY: the kernel writes no more than the lengths given to it into the memory above,
      // which lives until this block ends.
      long length = C.recvmsg(fd, message.address(), MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
      if (length < 0) {
        throw failure("recvmsg");
      }
      MemorySegment.copy(content, ValueLayout.JAVA_BYTE, 0, into, 0, (int) length);
      boolean came =
          message.get(ValueLayout.JAVA_LONG, CONTROL_LENGTH) >= CMSGHDR + Integer.BYTES
              && control.get(ValueLayout.JAVA_INT, CMSG_LEVEL) == SOL_SOCKET
              && control.get(ValueLayout.JAVA_INT, CMSG_TYPE) == SCM_RIGHTS;
      int descriptor = came ? control.get(ValueLayout.JAVA_INT, CMSGHDR) : -1;
      if ((message.get(ValueLayout.JAVA_INT, FLAGS) & MSG_CTRUNC) != 0) {
        if (descriptor >= 0) {
          HostLibc.instance().close(descriptor);
        }
        throw new ErrnoException(
            "recvmsg", new Errno(EMFILE, "not all descriptors could be received"));
      }
      return new Received((int) length, descriptor);
    }
  }

  /**
   * Returns a struct msghdr.
   *
   * @param space bytes of {@code control} that count
   */
  private static MemorySegment message(
      Arena arena, MemorySegment content, MemorySegment control, long space) {
    MemorySegment vector = arena.allocate(IOVEC, Long.BYTES);
    vector.set(ValueLayout.JAVA_LONG, 0, content.address());
    vector.set(ValueLayout.JAVA_LONG, Long.BYTES, content.byteSize());
    MemorySegment message = arena.allocate(MSGHDR, Long.BYTES);
    message.set(ValueLayout.JAVA_LONG, IOV, vector.address());
    message.set(ValueLayout.JAVA_LONG, IOV_LENGTH, 1);
    message.set(ValueLayout.JAVA_LONG, CONTROL, space == 0 ? 0 : control.address());
    message.set(ValueLayout.JAVA_LONG, CONTROL_LENGTH, space);
    return message;
  }

  /** Returns a struct sockaddr_un. */
  private static byte[] address(Path path) {
    Charset fileNames = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
    byte[] name = path.toString().getBytes(fileNames);
    byte[] address = new byte[Short.BYTES + name.length + 1];
    ByteBuffer.wrap(address).order(ByteOrder.nativeOrder()).putShort((short) AF_UNIX);
    System.arraycopy(name, 0, address, Short.BYTES, name.length);
    return address;
  }

  /** Returns SOCK_CLOEXEC, which is O_CLOEXEC (include/linux/net.h). */
  private static int cloexec() {
    return HostLibc.instance().constants().openCloexec();
  }

  private static int check(String call, int result) throws ErrnoException {
    if (result < 0) {
      throw failure(call);
    }
    return result;
  }

  private static ErrnoException failure(String call) {
    int errno = Native.getLastError();
    return new ErrnoException(call, new Errno(errno, JnaLibc.text(errno)));
  }
}
