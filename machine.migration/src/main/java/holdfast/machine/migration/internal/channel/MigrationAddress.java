package holdfast.machine.migration.internal.channel;

import holdfast.machine.admin.InvalidRequestException;
import java.net.Inet6Address;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Where a migration's stream goes to or comes from. {@code toString} gives the text that {@link
 * #parse} takes.
 */
public sealed interface MigrationAddress {

  /** A UNIX socket. */
  record Unix(Path path) implements MigrationAddress {
    @Override
    public String toString() {
      return "unix:" + path;
    }
  }

  /**
   * A TCP port.
   *
   * @param host a name, or an address; one of IPv6 without brackets
   * @param port 0 for any that is free, for who listens
   */
  record Tcp(String host, int port) implements MigrationAddress {
    @Override
    public String toString() {
      return "tcp:" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
  }

  /**
   * A UNIX socket of this host over which memory is handed over as open files, QEMU's cpr-transfer;
   * the rest of the guest comes over it as over any.
   */
  record Cpr(Path path) implements MigrationAddress {
    @Override
    public String toString() {
      return "cpr:" + path;
    }
  }

  /** A regular file. */
  record File(Path path) implements MigrationAddress {
    @Override
    public String toString() {
      return "file:" + path;
    }
  }

  /**
   * Parses the address of who is to be connected to.
   *
   * @throws InvalidRequestException if it has none of the four forms; its message says which
   */
  static MigrationAddress parse(String text) throws InvalidRequestException {
    return new Parser(text, 1).parse();
  }

  /**
   * Parses the address at which to listen: as {@link #parse} does, but a port may be 0.
   *
   * @throws InvalidRequestException if it has none of the four forms; its message says which
   */
  static MigrationAddress parseToListen(String text) throws InvalidRequestException {
    return new Parser(text, 0).parse();
  }

  /** Parses one address. */
  record Parser(String text, int firstPort) {
    private static final int LAST_PORT = 0xffff;
    private static final Set<String> QEMUS_OWN = Set.of("exec", "fd", "rdma", "vsock");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]+");
    private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,4}");

    MigrationAddress parse() throws InvalidRequestException {
      int colon = text.indexOf(':');
      String scheme = colon < 0 ? "" : text.substring(0, colon);
      String rest = text.substring(colon + 1);
      return switch (scheme) {
        case "unix" -> new Unix(path(rest));
        case "tcp" -> tcp(rest);
        case "cpr" -> new Cpr(path(rest));
        case "file" -> new File(fileWithoutOffset(rest));
        default ->
            throw refused(
                QEMUS_OWN.contains(scheme)
                    ? "of QEMU's protocols, " + scheme + ": is not there"
                    : "it names no protocol");
      };
    }

    private Path fileWithoutOffset(String rest) throws InvalidRequestException {
      if (rest.contains(",offset=")) {
        throw refused("a file is written from its beginning, and has no offset");
      }
      return path(rest);
    }

    private Path path(String rest) throws InvalidRequestException {
      if (rest.isEmpty()) {
        throw refused("the path is missing");
      }
      try {
        return Path.of(rest);
      } catch (InvalidPathException e) {
        throw refused("it is no path");
      }
    }

    private Tcp tcp(String rest) throws InvalidRequestException {
      int colon = rest.lastIndexOf(':');
      if (colon < 0) {
        throw refused("the port is missing");
      }
      String host = rest.substring(0, colon);
      String port = rest.substring(colon + 1);
      int number = NUMBER.matcher(port).matches() ? Integer.parseInt(port) : -1;
      if (number < firstPort || number > LAST_PORT) {
        throw refused("a port is a number from " + firstPort + " to " + LAST_PORT);
      }
      return new Tcp(host(host), number);
    }

    private String host(String host) throws InvalidRequestException {
      if (host.isEmpty()) {
        throw refused("the host is missing; who means every address of this host writes 0.0.0.0");
      }
      if (host.startsWith("[") && host.endsWith("]")) {
        String bare = host.substring(1, host.length() - 1);
        if (!isIpv6(bare)) {
          throw refused("there is no IPv6 address in the brackets");
        }
        return bare;
      }
      if (isIpv6(host)) {
        throw refused("an IPv6 address is written in brackets");
      }
      if (!NAME.matcher(host).matches()) {
        throw refused("the host is neither a name nor an address");
      }
      return host;
    }

    private static boolean isIpv6(String text) {
      int zone = text.indexOf('%'); // which is known on one host, and needn't be on this one
      String address = zone < 0 ? text : text.substring(0, zone);
      try {
        return address.indexOf(':') >= 0 && Inet6Address.ofLiteral(address) != null;
      } catch (IllegalArgumentException e) {
        return false;
      }
    }

    private InvalidRequestException refused(String problem) {
      return new InvalidRequestException(
          "migration address '"
              + text
              + "': "
              + problem
              + "; give unix:PATH, tcp:HOST:PORT, cpr:PATH or file:PATH (QEMU's exec:, fd:, rdma: and vsock:"
              + " are not there)");
    }
  }
}
