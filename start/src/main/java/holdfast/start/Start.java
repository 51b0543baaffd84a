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
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.startlevel.FrameworkStartLevel;

/**
 * A run of the product: creates a private folder, unpacks the bundles into it, starts them in a
 * framework, calls the command that one of them registers, and undoes all of this at the end. It
 * does so, too, when the process is asked to end (SIGTERM, SIGINT, SIGHUP), at any moment.
 */
final class Start {
  /** How long an orderly end may take. */
  private static final Duration END_LIMIT = Duration.ofSeconds(30);

  /** How long the end waits for a start that has created nothing yet. */
  private static final Duration IDLE_LIMIT = Duration.ofSeconds(2);

  /** How long the end waits for a start that is unpacking, or starting, the bundles. */
  private static final Duration MAKING_LIMIT = Duration.ofSeconds(15);

  /** How long the end tries to remove what a start that still hangs has created. */
  private static final Duration HANGING_LIMIT = Duration.ofSeconds(3);

  private static final String ARGUMENTS = "launcher.arguments";

  /** The framework property with the private folder. */
  private static final String FOLDER = "holdfast.folder";

  private final Product product;
  private final GivenBundles given;

  /** The bundles, in the framework of the present place. */
  private volatile StartedBundles bundles;

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
    this.bundles = new StartedBundles(product);
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
    Callable<?> command = bundles.command(made, this::checkpoint);
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
    StartedBundles started = new StartedBundles(product);
    bundles = started;
    made.init();
    BundleContext context = made.getBundleContext();
    context.addFrameworkListener(started::note);
    Dictionary<String, Object> service = new Hashtable<>();
    service.put(ARGUMENTS, given.arguments().toArray(String[]::new));
    context.registerService(Object.class, this, service);
    List<Bundle> installed = new ArrayList<>();
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
      installed.add(bundle);
    }
    levels.setInitialBundleStartLevel(later);
    for (Path file : given.files()) {
      checkpoint();
      installed.add(started.additions().install(context, into, file));
    }
    for (Bundle bundle : installed) {
      if (!Additions.isFragment(bundle)) {
        bundle.start(Bundle.START_ACTIVATION_POLICY); // when its start level is reached
      }
    }
    Warmup.bind(installed);
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

  /** Ends the run. Called in a thread of its own, when the JVM ends for any reason. */
  private void end() {
    ending = true;
    List<AutoCloseable> last = LastServices.of(framework);
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
