package holdfast.monitor.metrics.internal.prometheus;

import com.sun.net.httpserver.Authenticator;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpPrincipal;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * Refuses a request that was sent to another host than this one by its name: a web page whose
 * server's name turns into a loopback address would otherwise read the answer (DNS rebinding).
 */
final class LoopbackHosts extends Authenticator {
  private static final int FORBIDDEN = 403;

  @Override
  public Result authenticate(HttpExchange exchange) {
    return isOwn(exchange.getRequestHeaders().getFirst("Host"))
        ? new Success(new HttpPrincipal("anybody", "here"))
        : new Failure(FORBIDDEN);
  }

  /** Returns whether a request names this host; a program may leave the name out. */
  static boolean isOwn(@Nullable String host) {
    if (host == null) {
      return true;
    }
    String name = host.replaceFirst(":[0-9]*$", "").replaceFirst("^\\[(.*)]$", "$1");
    try {
      return name.equalsIgnoreCase("localhost") || InetAddress.ofLiteral(name).isLoopbackAddress();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
