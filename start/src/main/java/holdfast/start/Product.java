package holdfast.start;

import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.osgi.framework.Constants;

/**
 * The content of the executable jar, as bnd listed it there when it resolved {@code
 * dist/holdfast.bndrun}.
 */
final class Product {
  private static final String LAUNCHER = "holdfast.launcher";

  /** The attributes of one bundle: {@code name;version="1.2";startlevel=5}. */
  private static final Pattern ATTRIBUTES =
      Pattern.compile("([^;,\"]+);version=\"([^\"]*)\";startlevel=([0-9]+)");

  /** The start level of most bundles. */
  static final int STANDARD_LEVEL = 5;

  private final Properties properties = new Properties();
  private final Map<String, Integer> startLevels = new HashMap<>();
  private String version = "";

  /** Reads the list. */
  Product() throws IOException {
    try (InputStream in = open("launcher.properties")) {
      properties.load(in);
    }
    Matcher attributes = ATTRIBUTES.matcher(get("launch.runbundles.attrs"));
    while (attributes.find()) {
      String name = attributes.group(1).replaceFirst("^,", "");
      startLevels.put(name, Integer.valueOf(attributes.group(3)));
      if (name.equals(LAUNCHER)) {
        version = attributes.group(2);
      }
    }
  }

  private String get(String key) {
    return properties.getProperty(key, "");
  }

  /** Returns the product's version. */
  String version() {
    return version;
  }

  /**
   * Returns the names of the bundles' jars inside the executable jar, in the order of installation.
   */
  List<String> bundles() {
    return List.of(get("launch.bundles").split(",", -1));
  }

  /** Returns the start level of a bundle, by its symbolic name. */
  int startLevel(String bundle) {
    return startLevels.getOrDefault(bundle, STANDARD_LEVEL);
  }

  /** Returns the start level with which the framework begins; bundles above it are not started. */
  int firstLevel() {
    return Integer.parseInt(get(Constants.FRAMEWORK_BEGINNING_STARTLEVEL));
  }

  /** Returns the framework's properties: those in {@code -runproperties}, and what it exports. */
  Map<String, String> frameworkProperties() {
    Map<String, String> result = new HashMap<>();
    for (String key : properties.stringPropertyNames()) {
      if (!key.startsWith("launch.")) {
        result.put(key, get(key));
      }
    }
    result.put(Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA, get("launch.system.packages"));
    // the folder is new, so there is nothing to remove first
    result.remove(Constants.FRAMEWORK_STORAGE_CLEAN);
    return result;
  }

  /** Opens a file inside the executable jar. */
  static InputStream open(String entry) throws IOException {
    InputStream in = Product.class.getResourceAsStream("/" + entry);
    if (in == null) {
      throw new IOException("the jar has no " + entry);
    }
    return Objects.requireNonNull(in);
  }
}
