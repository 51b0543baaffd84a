package holdfast.host.linux;

import static java.nio.charset.StandardCharsets.UTF_8;

import holdfast.host.linux.internal.JnaDatagram;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * The service manager that started this process and wants to know when it is ready, such as
 * systemd: sd_notify(3), without its library. Thread-safe.
 */
public final class ServiceManager {
  /** The variable of the environment in which a service manager names its socket. */
  public static final String VARIABLE = "NOTIFY_SOCKET";

  /** AF_UNIX, on every architecture. */
  private static final short AF_UNIX = 1;

  /** sizeof(sockaddr_un.sun_path), unix(7). */
  private static final int LONGEST = 108;

  private final byte[] address;

  private ServiceManager(byte[] address) {
    this.address = address;
  }

  /**
   * Returns the service manager at an address.
   *
   * @param name the value of {@value #VARIABLE}: a path, or {@code @} and an abstract name
   * @return empty if it is neither, or too long
   */
  public static Optional<ServiceManager> at(String name) {
    byte[] path = name.getBytes(UTF_8);
    boolean isAbstract = name.startsWith("@");
    if (path.length < 2
        || path.length + (isAbstract ? 0 : 1) > LONGEST
        || !(isAbstract || name.startsWith("/"))) {
      return Optional.empty();
    }
    if (isAbstract) {
      path[0] = 0;
    }
    ByteBuffer address =
        ByteBuffer.allocate(Short.BYTES + path.length + (isAbstract ? 0 : 1))
            .order(ByteOrder.nativeOrder())
            .putShort(AF_UNIX)
            .put(path);
    return Optional.of(new ServiceManager(address.array()));
  }

  /**
   * Tells it something, without waiting.
   *
   * @param lines assignments, such as {@code READY=1}
   * @throws ErrnoException if it can't be told
   */
  public void tell(String... lines) throws ErrnoException {
    JnaDatagram.send(address, String.join("\n", lines).getBytes(UTF_8));
  }
}
