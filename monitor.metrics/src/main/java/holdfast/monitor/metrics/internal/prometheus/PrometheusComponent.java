package holdfast.monitor.metrics.internal.prometheus;

import holdfast.machine.config.MetricsDefinition;
import holdfast.machine.config.options.OptionException;
import holdfast.monitor.metrics.internal.Readings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Metrics for Prometheus where the configuration says, or one sentence in the log why not; the
 * machine goes on without them.
 */
@Component(
    immediate = true, // who asks comes from outside; nobody here uses the component
    service = PrometheusComponent.class,
    configurationPid = MetricsDefinition.PID,
    configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class PrometheusComponent {
  private static final Logger LOG = LoggerFactory.getLogger(PrometheusComponent.class);

  /** The framework property of the executable jar, whose process is this project's. */
  private static final String MAIN = "holdfast.main";

  /** Of all of the JDK's HTTP servers in a process, those included that have sent nothing yet. */
  private static final String CONNECTIONS = "jdk.httpserver.maxConnections";

  private static final String MAX_CONNECTIONS = "256";

  private final @Nullable Endpoint endpoint;

  /** Called by Declarative Services. */
  @Activate
  public PrometheusComponent(
      BundleContext context, @Reference Readings readings, Map<String, ?> configuration) {
    if (Boolean.parseBoolean(context.getProperty(MAIN))
        && System.getProperty(CONNECTIONS) == null) {
      System.setProperty(CONNECTIONS, MAX_CONNECTIONS);
    }
    endpoint = open(readings, configuration);
  }

  private static @Nullable Endpoint open(Readings readings, Map<String, ?> configuration) {
    try {
      InetSocketAddress address = MetricsDefinition.address(configuration);
      try {
        Endpoint opened = Endpoint.open(address, new MachineCollector(readings), Endpoint.LIMIT);
        LOG.info("metrics are served at http:/{}/metrics", address);
        return opened;
      } catch (IOException e) {
        LOG.error(
            "metrics can't be served at {}: {}; name another port, or end what listens there",
            text(address),
            e.getMessage());
      }
    } catch (OptionException e) {
      LOG.error("metrics are not served: {}", e.getMessage());
    }
    return null;
  }

  private static String text(InetSocketAddress address) {
    return address.toString().substring(1); // without the name, which is empty
  }

  @Deactivate
  void deactivate() {
    if (endpoint != null) {
      endpoint.close();
    }
  }
}
