package holdfast.monitor.metrics.internal.prometheus;

import io.prometheus.metrics.config.PrometheusProperties;
import io.prometheus.metrics.exporter.httpserver.HTTPServer;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Serves metrics at one address until it is closed. */
final class Endpoint implements AutoCloseable {
  /** How long a request may take, from its first byte to the last of the answer. */
  static final Duration LIMIT = Duration.ofSeconds(10);

  private static final long END_MILLIS = 1000;

  private final RequestThreads threads;
  private final HTTPServer server;

  private Endpoint(RequestThreads threads, HTTPServer server) {
    this.threads = threads;
    this.server = server;
  }

  /**
   * Begins to serve.
   *
   * @throws IOException if nobody can listen there
   */
  static Endpoint open(InetSocketAddress address, MultiCollector metrics, Duration limit)
      throws IOException {
    PrometheusRegistry registry = new PrometheusRegistry(); // the library's own is everybody's
    registry.register(metrics);
    RequestThreads threads = new RequestThreads(limit);
    // not what its properties and the environment say: they could name another port
    PrometheusProperties none = PrometheusProperties.builder().build();
    return new Endpoint(
        threads,
        HTTPServer.builder(none)
            .inetAddress(address.getAddress())
            .port(address.getPort())
            .registry(registry)
            .executorService(threads)
            .authenticator(new LoopbackHosts())
            .buildAndStart());
  }

  /** Returns the port at which it listens. */
  int port() {
    return server.getPort();
  }

  @Override
  public void close() {
    server.close();
    try {
      threads.awaitTermination(END_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
