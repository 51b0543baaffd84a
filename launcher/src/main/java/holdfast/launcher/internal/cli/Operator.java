package holdfast.launcher.internal.cli;

import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.startlevel.FrameworkStartLevel;

/**
 * The bundles that only an operator needs: Gogo, the commands {@code ram:}, what describes
 * configurations. They have a start level of their own, above the one that the framework begins
 * with, and are started when the machine is up, so that it need not wait for them. What shows
 * metrics has one above that, which is reached only if somebody wants to see them.
 */
final class Operator {
  /** The framework property with their start level; where there is none they are started by now. */
  private static final String LEVEL = "holdfast.startlevel.operator";

  private static final String METRICS_LEVEL = "holdfast.startlevel.metrics";

  private static final long LIMIT_MILLIS = TimeUnit.SECONDS.toMillis(10);

  private final CountDownLatch started = new CountDownLatch(1);

  private Operator() {}

  /**
   * Starts them, in the framework's thread for that.
   *
   * @param withMetrics whether metrics are to be shown
   */
  static Operator begin(BundleContext context, boolean withMetrics) {
    Operator operator = new Operator();
    String level = context.getProperty(withMetrics ? METRICS_LEVEL : LEVEL);
    if (level == null) {
      operator.started.countDown();
      return operator;
    }
    Bundle framework = Objects.requireNonNull(context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION));
    FrameworkStartLevel levels = framework.adapt(FrameworkStartLevel.class);
    // Felix raises the level of a framework that is being stopped, and so starts bundles anew whose
    // jars are closed meanwhile: a program can end as soon as the machine is up
    boolean ends = framework.getState() == Bundle.STOPPING;
    if (ends || levels.getStartLevel() >= Integer.parseInt(level)) {
      operator.started.countDown();
    } else {
      levels.setStartLevel(Integer.parseInt(level), operator::note);
    }
    return operator;
  }

  private void note(FrameworkEvent event) {
    if (event.getType() == FrameworkEvent.STARTLEVEL_CHANGED) {
      started.countDown();
    }
  }

  /** Waits until they are started, within a limit: one that hangs keeps nobody from the shell. */
  void await() throws InterruptedException {
    started.await(LIMIT_MILLIS, TimeUnit.MILLISECONDS);
  }
}
