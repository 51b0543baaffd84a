package holdfast.start;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.launch.Framework;
import org.osgi.util.tracker.ServiceTracker;

/**
 * The bundles of one framework as they are started: what goes wrong meanwhile, which of them lag
 * behind, and the command that one of them registers.
 */
final class StartedBundles {
  /** How long all bundles together may take to start. */
  private static final Duration START_LIMIT = Duration.ofSeconds(60);

  /** How long the command may take to appear after all bundles were started. */
  private static final Duration COMMAND_LIMIT = Duration.ofSeconds(5);

  /** The filter for the command's service properties, which are those of bnd's launcher. */
  private static final String COMMAND =
      "(&(objectClass=java.util.concurrent.Callable)(main.thread=true))";

  private final Product product;
  private final List<String> errors = new CopyOnWriteArrayList<>();

  /** The bundles that the operator added. */
  private final Additions additions = new Additions();

  StartedBundles(Product product) {
    this.product = product;
  }

  /** Is passed where what was begun is not continued if the process is being ended. */
  interface Checkpoint {
    void pass() throws EndingException;
  }

  /** Returns the bundles that the operator added. */
  Additions additions() {
    return additions;
  }

  /** Takes note of an error of the framework. */
  void note(FrameworkEvent event) {
    if (event.getType() == FrameworkEvent.ERROR && !additions.note(event)) {
      errors.add(event.getBundle().getSymbolicName() + ": " + event.getThrowable().getMessage());
    }
  }

  /**
   * Starts the bundles, and waits for the command that one of them registers.
   *
   * @param checkpoint passed when something may have taken a while
   * @throws StartException with a sentence if there is none
   */
  Callable<?> command(Framework made, Checkpoint checkpoint)
      throws StartException, EndingException, InterruptedException {
    BundleContext context = made.getBundleContext();
    ServiceTracker<Object, Object> commands;
    try {
      commands = new ServiceTracker<>(context, context.createFilter(COMMAND), null);
    } catch (InvalidSyntaxException e) {
      throw new AssertionError(e);
    }
    commands.open();
    Thread starter = Thread.ofPlatform().daemon().name("holdfast-start").start(() -> start(made));
    if (!starter.join(START_LIMIT)) {
      throw new StartException(
          "the bundles did not start within "
              + START_LIMIT.toSeconds()
              + " s: "
              + String.join("; ", laggards(context)));
    }
    checkpoint.pass();
    additions.requireStarted();
    List<String> laggards = laggards(context);
    Object command = commands.waitForService(laggards.isEmpty() ? COMMAND_LIMIT.toMillis() : 1);
    checkpoint.pass();
    if (command instanceof Callable<?> callable) {
      return callable;
    }
    if (laggards.isEmpty()) {
      laggards.add("all its bundles are active, but the command lacks a service");
    }
    throw new StartException(
        "it did not start: "
            + String.join("; ", laggards).replaceAll("\\s+", " ")
            + Remedy.againstLimits(laggards));
  }

  private void start(Framework made) {
    try {
      made.start();
    } catch (BundleException e) {
      errors.add("" + e.getMessage());
    }
  }

  /** Returns the reasons why the command does not appear, as far as the framework knows them. */
  private List<String> laggards(BundleContext context) {
    List<String> found = new ArrayList<>(errors);
    for (Bundle bundle : context.getBundles()) {
      String name = bundle.getSymbolicName();
      String state =
          switch (bundle.getState()) {
            case Bundle.INSTALLED -> "is not resolved";
            case Bundle.RESOLVED -> "did not start";
            case Bundle.STARTING -> isLazy(bundle) ? "" : "is still starting";
            default -> "";
          };
      if (!state.isEmpty()
          && product.startLevel(name) <= product.firstLevel()
          && errors.stream().noneMatch(error -> error.startsWith(name + ":"))) {
        found.add(name + " " + state);
      }
    }
    return found;
  }

  /** Returns whether a bundle waits for the first use of one of its classes. */
  private static boolean isLazy(Bundle bundle) {
    return bundle.getHeaders("").get(Constants.BUNDLE_ACTIVATIONPOLICY) != null;
  }
}
