package holdfast.machine.config;

import holdfast.machine.config.options.Excerpt;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.OptionResult;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.PropertyType;
import holdfast.machine.config.options.TypeDefinition;
import holdfast.machine.config.options.TypedOption;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;

/** How metrics are shown: the properties, and the address that they name. */
public final class MetricsDefinition {
  /** The PID of the configuration that asks for {@link #PROMETHEUS}. */
  public static final String PID = "holdfast.monitor.metrics";

  private static final PropertyDefinition<String> ADDRESS =
      PropertyDefinition.withDefault(
          "address",
          PropertyType.text(),
          "127.0.0.1:9464",
          "the loopback address and the port where they are served by HTTP, to anybody on this"
              + " host");

  /** Metrics for a Prometheus server to scrape. */
  public static final TypeDefinition PROMETHEUS =
      new TypeDefinition(
          "prometheus", "serves /metrics by HTTP in Prometheus' formats", List.of(ADDRESS));

  /** Beans in the JVM alone. */
  private static final TypeDefinition JMX =
      new TypeDefinition("jmx", "registers MXBeans in this JVM, and nothing else", List.of());

  /** The option {@code -metrics}. With any of its types there are MXBeans. */
  public static final TypedOption OPTION =
      new TypedOption("-metrics", "type", List.of(PROMETHEUS, JMX));

  private MetricsDefinition() {}

  /**
   * Reads the value of {@code -metrics}.
   *
   * @return what it asks for, or help
   * @throws OptionException if it is malformed, or names an address that others can reach
   */
  public static OptionResult parse(String value) throws OptionException {
    OptionResult result = OPTION.parse(value);
    if (result instanceof ParsedObject metrics && isServed(metrics)) {
      InetSocketAddress unused = address("-metrics prometheus: ", metrics);
    }
    return result;
  }

  /**
   * Returns where a configuration of {@link #PID} lets metrics be served.
   *
   * @throws OptionException if it has a mistake, or names an address that others can reach
   */
  public static InetSocketAddress address(Map<String, ?> configuration) throws OptionException {
    String subject = "configuration " + PID;
    return address(subject + ": ", PROMETHEUS.checkConfiguration(subject, configuration));
  }

  private static InetSocketAddress address(String subject, ParsedObject prometheus)
      throws OptionException {
    try {
      return address(prometheus);
    } catch (OptionException e) {
      throw e.within(subject);
    }
  }

  /** Returns whether it asks for an address at which metrics are served. */
  public static boolean isServed(ParsedObject metrics) {
    return metrics.type().equals(PROMETHEUS);
  }

  private static InetSocketAddress address(ParsedObject prometheus) throws OptionException {
    String text = prometheus.get(ADDRESS);
    int colon = text.lastIndexOf(':');
    if (colon < 0) {
      throw refusal(text, "has no port: write 127.0.0.1:9464");
    }
    String host = text.substring(0, colon).replaceFirst("^\\[(.*)]$", "$1");
    InetAddress address = address(host.equals("localhost") ? "127.0.0.1" : host, text);
    if (!address.isLoopbackAddress()) {
      throw refusal(
          text,
          "is no loopback address: whoever reaches it sees the machine's metrics, so write"
              + " 127.0.0.1 or [::1], and let a proxy that asks who it is pass on what others may"
              + " see");
    }
    return new InetSocketAddress(address, port(text.substring(colon + 1), text));
  }

  /** Returns an address that is written in digits; names are resolved by others, and can change. */
  private static InetAddress address(String host, String text) throws OptionException {
    try {
      return InetAddress.ofLiteral(host);
    } catch (IllegalArgumentException e) {
      throw refusal(text, "is no loopback address in digits: write 127.0.0.1:9464 or [::1]:9464");
    }
  }

  private static int port(String port, String text) throws OptionException {
    try {
      return Math.toIntExact(PropertyType.integer(1, 0xFFFF).parse(port));
    } catch (OptionException e) {
      throw refusal(text, "has no port from 1 to 65535: write 127.0.0.1:9464");
    }
  }

  private static OptionException refusal(String text, String why) {
    return new OptionException("address=" + Excerpt.of(text) + " " + why);
  }
}
