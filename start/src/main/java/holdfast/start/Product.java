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
 * What is inside the executable jar, as bnd has written it down there when it resolved {@code
 * dist/holdfast.bndrun}.
 */
final class Product {
  private static final String LAUNCHER = "holdfast.launcher";

  /** One bundle's attributes: {@code name;version="1.2";startlevel=5}. */
  private static final Pattern ATTRIBUTES =
      Pattern.compile("([^;,\"]+);version=\"([^\"]*)\";startlevel=([0-9]+)");

  private static final int STANDARD_LEVEL = 5;

  private final Properties properties = new Properties();
  private final Map<String, Integer> startLevels = new HashMap<>();
  private String version = "";

  /** Reads it. */
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

  /** The product's version. */
  String version() {
    return version;
  }

  /** The names of the bundles' jars inside the executable jar, in the order of installation. */
  List<String> bundles() {
    return List.of(get("launch.bundles").split(",", -1));
  }

  /** The start level of a bundle, by its symbolic name. */
  int startLevel(String bundle) {
    return startLevels.getOrDefault(bundle, STANDARD_LEVEL);
  }

  /** The start level that the framework begins with; bundles above it are not started. */
  int firstLevel() {
    return Integer.parseInt(get(Constants.FRAMEWORK_BEGINNING_STARTLEVEL));
  }

  /** What the framework is told: properties of {@code -runproperties}, and what it exports. */
  Map<String, String> frameworkProperties() {
    Map<String, String> result = new HashMap<>();
    for (String key : properties.stringPropertyNames()) {
      if (!key.startsWith("launch.")) {
        result.put(key, get(key));
      }
    }
    result.put(Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA, get("launch.system.packages"));
    // nothing is there that would have to be removed first
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
