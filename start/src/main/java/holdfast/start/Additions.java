package holdfast.start;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;

/**
 * The bundles that the operator added, in the framework: installed from copies in the private
 * folder, so that nobody exchanges them meanwhile, and started before those of the product. One
 * that does not start keeps the product from starting.
 */
final class Additions {
  /** What the framework says of a package that no bundle exports. */
  private static final Pattern PACKAGE =
      Pattern.compile("\\(osgi\\.wiring\\.package=([^)]+)\\)([^;\\]\\s]*)");

  /** It ends with what the bundle itself requires, whatever keeps it from that. */
  private static final Pattern REPETITION =
      Pattern.compile(" Unresolved requirements: .*", Pattern.DOTALL);

  private static final Pattern VERSION = Pattern.compile("\\(version>=([^)]+)\\)");
  private static final Pattern BELOW = Pattern.compile("\\(!\\(version>=([^)]+)\\)\\)");

  private final Map<Bundle, Path> files = Collections.synchronizedMap(new LinkedHashMap<>());
  private final Map<Bundle, Throwable> failures = new ConcurrentHashMap<>();

  /**
   * Installs one of them.
   *
   * @throws StartException with a sentence if the framework refuses it
   * @throws IOException if it can't be copied
   */
  Bundle install(BundleContext context, PrivateFolder into, Path file)
      throws IOException, StartException {
    Path copy;
    try (InputStream content = Files.newInputStream(file)) {
      copy = into.write("given-" + file.getFileName(), content);
    }
    try {
      Bundle bundle = context.installBundle("reference:" + copy.toUri());
      files.put(bundle, file);
      return bundle;
    } catch (BundleException e) {
      throw new StartException(
          e.getType() == BundleException.DUPLICATE_BUNDLE_ERROR
              ? "-bundles: " + file + " is a bundle that the product has already; remove it there"
              : "-bundles: " + file + " is no bundle for the framework: " + e.getMessage());
    }
  }

  /** Returns whether a bundle is part of another one, with which it comes. */
  static boolean isFragment(Bundle bundle) {
    return bundle.getHeaders("").get(Constants.FRAGMENT_HOST) != null;
  }

  /** Takes note of an error; returns whether it is about one of these bundles. */
  boolean note(FrameworkEvent error) {
    boolean isOurs = files.containsKey(error.getBundle());
    if (isOurs) {
      failures.putIfAbsent(error.getBundle(), error.getThrowable());
    }
    return isOurs;
  }

  /**
   * Checks that all of them have started.
   *
   * @throws StartException with a sentence about the first that has not
   */
  void requireStarted() throws StartException {
    for (Map.Entry<Bundle, Path> each : files.entrySet()) {
      @Nullable Throwable failure = failure(each.getKey());
      if (failure != null) {
        throw new StartException(sentence(each.getKey(), each.getValue(), failure));
      }
    }
  }

  private @Nullable Throwable failure(Bundle bundle) {
    if ((bundle.getState() & (Bundle.INSTALLED | Bundle.RESOLVED)) == 0 || isFragment(bundle)) {
      return null;
    }
    Throwable known = failures.get(bundle);
    if (known != null) {
      return known;
    }
    try {
      bundle.start(Bundle.START_ACTIVATION_POLICY); // the framework tells of errors late
      return null;
    } catch (BundleException e) {
      return e;
    }
  }

  private static String sentence(Bundle bundle, Path file, Throwable failure) {
    String which = "-bundles: the bundle " + bundle.getSymbolicName() + " (" + file + ") ";
    String said = "" + failure.getMessage();
    Matcher missing = PACKAGE.matcher(REPETITION.matcher(said).replaceFirst(""));
    if (missing.find()) {
      // the last that is named is the one that nobody has: those before it have it as their reason
      String name = missing.group(1);
      String filter = missing.group(2);
      while (missing.find()) {
        name = missing.group(1);
        filter = missing.group(2);
      }
      return which
          + "lacks the package "
          + name
          + version(filter)
          + ": add the bundle that exports it to the folder";
    }
    if (failure instanceof BundleException e && e.getType() == BundleException.RESOLVE_ERROR) {
      return which + "can't be resolved: " + said;
    }
    Throwable cause = failure.getCause() != null ? failure.getCause() : failure;
    return which + "did not start: " + cause;
  }

  private static String version(String filter) {
    Matcher from = VERSION.matcher(filter);
    if (!from.find()) {
      return "";
    }
    Matcher below = BELOW.matcher(filter);
    return " from version " + from.group(1) + (below.find() ? " to below " + below.group(1) : "");
  }
}
