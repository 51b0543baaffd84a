package holdfast.start;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.startlevel.FrameworkStartLevel;
import org.osgi.util.tracker.ServiceTracker;

/**
 * A run of the product: creates a private folder, unpacks the bundles into it, starts them in a
 * framework, calls the command that one of them registers, and undoes all of this at the end. It
 * does so, too, when the process is asked to end (SIGTERM, SIGINT, SIGHUP), at any moment.
 */
final class Start {
  /** How long all bundles together may take to start. */
  private static final Duration START_LIMIT = Duration.ofSeconds(60);

  /** How long the command may take to appear after all bundles were started. */
  private static final Duration COMMAND_LIMIT = Duration.ofSeconds(5);

  /** How long an orderly end may take. */
  private static final Duration END_LIMIT = Duration.ofSeconds(30);

  /** How long the end waits for a start that has created nothing yet. */
  private static final Duration IDLE_LIMIT = Duration.ofSeconds(2);

  /** How long the end waits for a start that is unpacking, or starting, the bundles. */
  private static final Duration MAKING_LIMIT = Duration.ofSeconds(15);

  /** How long the end tries to remove what a start that still hangs has created. */
  private static final Duration HANGING_LIMIT = Duration.ofSeconds(3);

  /** The filter for the command's service properties, which are those of bnd's launcher. */
  private static final String COMMAND =
      "(&(objectClass=java.util.concurrent.Callable)(main.thread=true))";

  private static final String ARGUMENTS = "launcher.arguments";

  /** What is closed when all else has ended, such as the file with the number of the process. */
  private static final String LAST = "(&(objectClass=java.lang.AutoCloseable)(holdfast.last=true))";

  /** The framework property with the private folder. */
  private static final String FOLDER = "holdfast.folder";

  private final Product product;
  private final GivenBundles given;
  private final List<String> errors = new CopyOnWriteArrayList<>();

  /** The bundles that the operator added, in the framework of the present place. */
  private volatile Additions additions = new Additions();

  /** The program that one of them may register. */
  private final Program program = new Program();

  private final Settling launched = new Settling(IDLE_LIMIT, MAKING_LIMIT);

  private volatile boolean ending;
  private volatile @Nullable PrivateFolder folder;
  private volatile @Nullable Unpacking unpacking;
  private volatile @Nullable Framework framework;

  Start(Product product, GivenBundles given) {
    this.product = product;
    this.given = given;
  }

  /** The process is being ended, and what was begun is not continued. */
  private static final class EndingException extends Exception {
    private static final long serialVersionUID = 1;
  }

  /**
   * Runs the command.
   *
   * @return its exit status
   * @throws StartException with a sentence if it could not be started
   */
  int run() throws StartException, InterruptedException {
    try {
      Runtime.getRuntime().addShutdownHook(new Thread(this::end, "holdfast-end"));
    } catch (IllegalStateException signalled) {
      return 1; // before anything was begun; the exit status is that of the signal
    }
    Callable<?> command;
    try {
      command = launch();
    } catch (EndingException e) {
      return 1; // the exit status is that of the signal
    } finally {
      launched.settle();
    }
    try {
      Object status = command.call();
      OptionalInt ofProgram = program.status();
      return ofProgram.orElse(status instanceof Integer number ? number : 0);
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      OptionalInt ofProgram = program.status();
      if (ending || ofProgram.isPresent()) {
        return ofProgram.orElse(1); // the error was caused by the end
      }
      throw new StartException("the command failed: " + e);
    }
  }

  private void checkpoint() throws EndingException {
    if (ending) {
      throw new EndingException();
    }
  }

  private Callable<?> launch() throws StartException, EndingException, InterruptedException {
    Warmup warmup = Warmup.begin();
    Framework made = prepare();
    warmup.awaitLog();
    program.await(made.getBundleContext(), () -> stop(made));
    Callable<?> command = command(made);
    checkpoint();
    return command;
  }

  /** Installs the bundles in a private folder, in the first place that can be used. */
  private Framework prepare() throws StartException, EndingException, InterruptedException {
    List<Path> places =
        Places.of(
            System.getProperty("java.io.tmpdir", ""),
            System.getProperty("user.home", ""),
            System.getenv());
    Map<Path, String> refusals = new LinkedHashMap<>();
    for (Path place : places) {
      checkpoint();
      PrivateFolder.sweep(place);
      checkpoint();
      try {
        PrivateFolder made = PrivateFolder.make(place);
        folder = made;
        Framework installed = install(made);
        made.requireRoom();
        return installed;
      } catch (IOException | BundleException e) {
        refusals.put(place, reason(e));
        discard();
      }
    }
    throw new StartException(
        "there is no folder for its bundles and native libraries ("
            + refusals.entrySet().stream()
                .map(each -> each.getKey() + ": " + each.getValue())
                .collect(Collectors.joining("; "))
            + "); "
            + Remedy.against(refusals.values()));
  }

  /** Undoes what was begun in a place that can't be used. */
  private void discard() {
    Unpacking writing = unpacking;
    if (writing != null) {
      writing.stop();
    }
    Framework begun = framework;
    framework = null;
    if (begun != null) {
      stop(begun);
    }
    PrivateFolder made = folder;
    folder = null;
    if (made != null) {
      made.close();
    }
  }

  /** Returns what is wrong with a place, in a few words. */
  static String reason(Throwable error) {
    Throwable cause = error;
    while (!(cause instanceof IOException) && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return switch (cause) {
      case NoSuchFileException e -> "not there";
      case AccessDeniedException e -> "you may not write there";
      case NotDirectoryException e -> "not a folder";
      case FileSystemException e when e.getReason() != null -> "" + e.getReason();
      default -> "" + cause.getMessage();
    };
  }

  private Framework install(PrivateFolder into)
      throws IOException, BundleException, EndingException, StartException, InterruptedException {
    // otherwise JNA would unpack its library into the user's cache folder
    Path libraries = Files.createDirectory(into.path().resolve("jna"));
    System.setProperty("jna.tmpdir", libraries.toString());
    NativeLibraries.setSearchPath();
    Unpacking begun = Unpacking.begin(product.bundles(), into);
    unpacking = begun;
    Map<String, String> properties = product.frameworkProperties();
    properties.put(Constants.FRAMEWORK_STORAGE, into.path().resolve("framework").toString());
    properties.put(FOLDER, into.path().toString());
    Framework made =
        ServiceLoader.load(FrameworkFactory.class)
            .findFirst()
            .orElseThrow(() -> new IOException("the jar has no framework"))
            .newFramework(properties);
    framework = made;
    additions = new Additions();
    made.init();
    BundleContext context = made.getBundleContext();
    context.addFrameworkListener(this::note);
    Dictionary<String, Object> service = new Hashtable<>();
    service.put(ARGUMENTS, given.arguments().toArray(String[]::new));
    context.registerService(Object.class, this, service);
    List<Bundle> bundles = new ArrayList<>();
    // a bundle that has its level from the beginning is not recorded once more
    FrameworkStartLevel levels = made.adapt(FrameworkStartLevel.class);
    int later = levels.getInitialBundleStartLevel();
    levels.setInitialBundleStartLevel(Product.STANDARD_LEVEL);
    for (String entry : product.bundles()) {
      checkpoint();
      Bundle bundle = context.installBundle("reference:" + unpacked(begun, entry).toUri());
      int level = product.startLevel(bundle.getSymbolicName());
      if (level != Product.STANDARD_LEVEL) {
        bundle.adapt(BundleStartLevel.class).setStartLevel(level);
      }
      bundles.add(bundle);
    }
    levels.setInitialBundleStartLevel(later);
    for (Path file : given.files()) {
      checkpoint();
      bundles.add(additions.install(context, into, file));
    }
    for (Bundle bundle : bundles) {
      if (!Additions.isFragment(bundle)) {
        bundle.start(Bundle.START_ACTIVATION_POLICY); // when its start level is reached
      }
    }
    Warmup.bind(bundles);
    return made;
  }

  private static Path unpacked(Unpacking from, String entry)
      throws IOException, EndingException, InterruptedException {
    try {
      return from.file(entry);
    } catch (CancellationException e) {
      throw new EndingException();
    }
  }

  private void note(FrameworkEvent event) {
    if (event.getType() == FrameworkEvent.ERROR && !additions.note(event)) {
      errors.add(event.getBundle().getSymbolicName() + ": " + event.getThrowable().getMessage());
    }
  }

  /** Starts the bundles, and waits for the command that one of them registers. */
  private Callable<?> command(Framework made)
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
    checkpoint();
    additions.requireStarted();
    List<String> laggards = laggards(context);
    Object command = commands.waitForService(laggards.isEmpty() ? COMMAND_LIMIT.toMillis() : 1);
    checkpoint();
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

  /** Ends the run. Called in a thread of its own, when the JVM ends for any reason. */
  private void end() {
    ending = true;
    List<AutoCloseable> last = last();
    try {
      if (launched.await(() -> folder != null)) {
        discard();
      } else {
        // in another thread: what blocks the start would block this one, too
        Thread.ofPlatform()
            .daemon()
            .name("holdfast-discard")
            .start(this::discard)
            .join(HANGING_LIMIT);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    for (AutoCloseable each : last) {
      try {
        each.close();
      } catch (Exception e) {
        System.err.println("holdfast: " + e);
      }
    }
  }

  /** Returns what is to be closed last, as long as there is a framework that knows. */
  private List<AutoCloseable> last() {
    List<AutoCloseable> found = new ArrayList<>();
    Framework made = framework;
    try {
      BundleContext context = made == null ? null : made.getBundleContext();
      if (context != null) {
        for (ServiceReference<AutoCloseable> each :
            context.getServiceReferences(AutoCloseable.class, LAST)) {
          AutoCloseable service = context.getService(each);
          if (service != null) {
            found.add(service);
          }
        }
      }
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(e);
    } catch (IllegalStateException e) {
      return found; // the framework is just ending, or has ended
    }
    return found;
  }

  private static void stop(Framework framework) {
    try {
      framework.stop();
      framework.waitForStop(END_LIMIT.toMillis());
    } catch (BundleException e) {
      System.err.println("holdfast: the framework did not stop: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
