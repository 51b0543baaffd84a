package holdfast.monitor.metrics.internal.prometheus;

import com.sun.net.httpserver.HttpContext;
import com.sun.net.httpserver.HttpServer;
import io.prometheus.metrics.config.PrometheusProperties;
import io.prometheus.metrics.exporter.httpserver.MetricsHandler;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Serves metrics at one address, on the JDK's HTTP server, until it is closed. */
final class Endpoint implements AutoCloseable {
  /** How long a request may take, from its first byte to the last of the answer. */
  static final Duration LIMIT = Duration.ofSeconds(10);

  /**
   * How many connections may wait to be accepted. The library's own server has 3: the kernel drops
   * what comes beyond that, and who connects tries again after a second.
   */
  private static final int BACKLOG = 128;

  private static final String PATH = "/metrics";
  private static final long END_MILLIS = 1000;

  private final RequestThreads threads;
  private final HttpServer server;

  private Endpoint(RequestThreads threads, HttpServer server) {
    this.threads = threads;
    this.server = server;
  }

  /**
   * Begins to serve.
   *
   * @param limit how long a request may take
   * @throws IOException if nobody can listen there
   */
  static Endpoint open(InetSocketAddress address, MultiCollector metrics, Duration limit)
      throws IOException {
    PrometheusRegistry registry = new PrometheusRegistry(); // the library's own is everybody's
    registry.register(metrics);
    HttpServer server = HttpServer.create(address, BACKLOG);
    // not what the library's properties and the environment say, which are everybody's, too
    PrometheusProperties none = PrometheusProperties.builder().build();
    HttpContext context = server.createContext(PATH, new MetricsHandler(none, registry));
    context.setAuthenticator(new LoopbackHosts());
    RequestThreads threads = new RequestThreads(limit);
    server.setExecutor(threads);
    server.start();
    return new Endpoint(threads, server);
  }

  /** Returns the port at which it listens. */
  int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    threads.shutdown();
    server.stop(0);
    try {
      threads.awaitTermination(END_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
