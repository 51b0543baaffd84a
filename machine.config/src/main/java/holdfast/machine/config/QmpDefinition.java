package holdfast.machine.config;

import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.PropertyType;
import holdfast.machine.config.options.TypeDefinition;
import java.net.InetAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** Where a QMP monitor listens: the properties, and the place that they name. */
public final class QmpDefinition {
  /** The factory PID of the monitors. */
  public static final String PID = "holdfast.monitor.qmp";

  private static final PropertyDefinition<String> PATH =
      PropertyDefinition.optional(
          "path", PropertyType.text(), "the UNIX socket, which its owner alone can connect to");
  private static final PropertyDefinition<String> HOST =
      PropertyDefinition.optional(
          "host",
          PropertyType.text(),
          "the loopback address to listen at; anybody on this host can connect to it");
  private static final PropertyDefinition<Long> PORT =
      PropertyDefinition.optional("port", PropertyType.integer(1, 0xFFFF), "the port there");
  private static final PropertyDefinition<Boolean> STDIO =
      PropertyDefinition.withDefault(
          "stdio", PropertyType.bool(), "off", "standard input and output");

  private static final PropertyDefinition<Boolean> WAIT =
      PropertyDefinition.withDefault(
          "wait", PropertyType.bool(), "off", "let the machine begin when a client has come");

  private static final PropertyDefinition<Boolean> TAKES_OVER =
      PropertyDefinition.withDefault(
          "takes-over",
          PropertyType.bool(),
          "off",
          "wait for the end of another process that listens at the path, instead of failing");

  /** Its properties. */
  public static final TypeDefinition TYPE =
      new TypeDefinition(
          "qmp",
          "a monitor for programs that speak QEMU's machine protocol",
          List.of(PATH, HOST, PORT, STDIO, WAIT, TAKES_OVER));

  private QmpDefinition() {}

  /** Where a monitor listens. */
  @ProviderType
  public sealed interface Address {}

  /** A socket in the file system. */
  public record Unix(Path path) implements Address {
    @Override
    public String toString() {
      return "unix:" + path;
    }
  }

  /** A port of the loopback interface. */
  public record Tcp(String host, int port) implements Address {
    @Override
    public String toString() {
      return "tcp:" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
  }

  /** Standard input and output of the process. */
  public record Stdio() implements Address {
    @Override
    public String toString() {
      return "stdio";
    }
  }

  /**
   * Returns the place that the properties name.
   *
   * @throws OptionException if they name none, or more than one, or one that others can reach
   */
  public static Address address(ParsedObject qmp) throws OptionException {
    Optional<String> path = qmp.find(PATH);
    Optional<String> host = qmp.find(HOST);
    int places = (path.isPresent() ? 1 : 0) + (host.isPresent() ? 1 : 0) + (qmp.get(STDIO) ? 1 : 0);
    if (places != 1) {
      throw new OptionException(
          "a QMP monitor needs one place: write path=SOCKET, or host=127.0.0.1 and port=NUMBER");
    }
    if (path.isPresent()) {
      return new Unix(path(path.get()));
    }
    return host.isPresent() ? loopback(host.get(), qmp.find(PORT)) : new Stdio();
  }

  /** Returns whether it is an address in digits; names are resolved by others, and can change. */
  private static boolean isLoopback(String host) {
    try {
      return host.equals("localhost") || InetAddress.ofLiteral(host).isLoopbackAddress();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Returns whether the properties name standard input and output. */
  public static boolean isStdio(ParsedObject qmp) {
    return qmp.get(STDIO);
  }

  /** Returns whether the machine is to begin only when a client has come. */
  public static boolean waits(ParsedObject qmp) {
    return qmp.get(WAIT);
  }

  /** Returns whether to wait for the end of another process that listens at the path. */
  public static boolean takesOver(ParsedObject qmp) {
    return qmp.get(TAKES_OVER);
  }

  /** Returns one that waits for that. */
  public static ParsedObject takingOver(ParsedObject qmp) {
    return qmp.with(TAKES_OVER, Optional.of(true));
  }

  private static Path path(String text) throws OptionException {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw new OptionException("path=" + text + ": " + e.getReason());
    }
  }

  private static Tcp loopback(String host, Optional<Long> port) throws OptionException {
    if (!isLoopback(host)) {
      throw new OptionException(
          "host="
              + host
              + " is no loopback address: whoever can connect can do everything, so write"
              + " 127.0.0.1 or ::1, or better path=SOCKET");
    }
    if (port.isEmpty()) {
      throw new OptionException("host=" + host + " needs a port: add port=NUMBER");
    }
    return new Tcp(host.equals("localhost") ? "127.0.0.1" : host, Math.toIntExact(port.get()));
  }
}
