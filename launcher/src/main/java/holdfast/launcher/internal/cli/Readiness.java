package holdfast.launcher.internal.cli;

import holdfast.host.linux.ErrnoException;
import holdfast.host.linux.ServiceManager;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the service manager that started the process, such as systemd with {@code Type=notify}, how
 * far the machine is. Where there is none, nobody is told.
 */
record Readiness(Optional<ServiceManager> manager) {
  private static final Logger LOG = LoggerFactory.getLogger(Readiness.class);

  /**
   * @param address the value of {@value ServiceManager#VARIABLE}; null if it is not set
   */
  static Readiness at(@Nullable String address) {
    return new Readiness(address == null ? Optional.empty() : ServiceManager.at(address));
  }

  /** Tells that the machine is on its way. */
  void starts() {
    tell("STATUS=the machine is just coming up");
  }

  /** Tells that the machine is up. */
  void isUp() {
    tell("READY=1", "STATUS=the machine is up");
  }

  /** Tells that the machine ends. */
  void ends() {
    tell("STOPPING=1", "STATUS=the machine ends");
  }

  private void tell(String... lines) {
    try {
      if (manager.isPresent()) {
        manager.get().tell(lines);
      }
    } catch (ErrnoException e) {
      LOG.warn("the service manager is not told how far the machine is: {}", e.sentence());
    }
  }
}
