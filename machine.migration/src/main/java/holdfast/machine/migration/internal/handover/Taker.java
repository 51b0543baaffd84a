package holdfast.machine.migration.internal.handover;

import holdfast.host.linux.files.DescriptorListener;
import holdfast.machine.core.Inheritance;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits for who hands files over. */
public final class Taker {
  private static final Logger LOG = LoggerFactory.getLogger(Taker.class);

  /** How long to wait after a connection could not be accepted. */
  private static final Duration PATIENCE = Duration.ofMillis(100);

  private Taker() {}

  /**
   * Waits for the first that hands over what it has; others are logged.
   *
   * @throws IOException if the listener is closed
   */
  public static Inheritance take(DescriptorListener listener) throws IOException {
    while (true) {
      try {
        return ReceivedFiles.over(listener.accept());
      } catch (ClosedChannelException e) {
        throw new IOException("the machine is ending", e);
      } catch (IOException e) {
        LOG.warn("somebody at {} handed nothing over: {}", listener.path(), e.getMessage());
        LockSupport.parkNanos(PATIENCE.toNanos()); // no descriptor is free, for example
      }
    }
  }
}
