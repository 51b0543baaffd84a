package holdfast.start;

import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.osgi.framework.Bundle;
import org.osgi.framework.launch.FrameworkFactory;
import org.slf4j.LoggerFactory;

/**
 * Does in threads of its own what else whoever comes there first would do, and others would wait
 * for: reads the settings of the log, initializes the framework's classes, binds the C library.
 */
final class Warmup {
  /** The bundle that binds the C library, and its class and method that do so. */
  private static final String HOST = "holdfast.host.linux";

  private static final String LIBRARY = HOST + ".HostLibc";
  private static final String BIND = "instance";

  private final Thread log;

  private Warmup(Thread log) {
    this.log = log;
  }

  /** Begins with what needs no bundle. */
  static Warmup begin() {
    thread("holdfast-framework", Warmup::framework);
    return new Warmup(thread("holdfast-log", LoggerFactory::getILoggerFactory));
  }

  private static Thread thread(String name, Runnable task) {
    return Thread.ofPlatform().daemon().name(name).start(() -> quietly(task));
  }

  /** Who needs what fails here meets the error, too, and can say what it was needed for. */
  private static void quietly(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      return; // such as a framework that is just being stopped
    }
  }

  /** Makes a framework that nobody uses: it does nothing before it is initialized. */
  private static void framework() {
    ServiceLoader.load(FrameworkFactory.class)
        .findFirst()
        .ifPresent(factory -> factory.newFramework(Map.of()));
  }

  /** Waits for the log: who logs before that would get a logger that is a detour for ever. */
  void awaitLog() throws InterruptedException {
    log.join();
  }

  /** Binds the C library while the bundles are started. */
  static void bind(List<Bundle> bundles) {
    bundles.stream()
        .filter(bundle -> HOST.equals(bundle.getSymbolicName()))
        .findFirst()
        .ifPresent(bundle -> thread("holdfast-bind", () -> bind(bundle)));
  }

  private static void bind(Bundle bundle) {
    try {
      bundle.loadClass(LIBRARY).getMethod(BIND).invoke(null);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}
