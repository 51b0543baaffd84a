package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.felix.framework.FrameworkFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.Constants;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.wiring.BundleCapability;
import org.osgi.framework.wiring.BundleRequirement;
import org.osgi.framework.wiring.BundleRevision;
import org.osgi.framework.wiring.FrameworkWiring;

/**
 * The features for Karaf resolve in its framework, Felix 7.0.5, with its own bundles. Karaf itself
 * does not run on Java 25, so that no feature can be installed there.
 */
class KarafFeaturesTest {
  private static final Path DIST = Path.of("..", "dist", "target");
  private static final Pattern BUNDLE =
      Pattern.compile("<bundle[^>]*>mvn:([^/]+)/([^/]+)/([^<]+)<");

  /** What Karaf's own start adds to the framework's packages, and its shell imports. */
  private static final String OF_KARAF = "org.apache.karaf.jaas.boot.principal;version=4.4.10";

  @TempDir Path cache;
  private Framework framework;

  @BeforeEach
  void startFramework() throws Exception {
    framework =
        new FrameworkFactory()
            .newFramework(
                Map.of(
                    Constants.FRAMEWORK_STORAGE,
                    cache.toString(),
                    Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA,
                    OF_KARAF));
    framework.init();
  }

  @AfterEach
  void stopFramework() throws Exception {
    framework.stop();
    framework.waitForStop(0);
  }

  /** The files' names of the bundles that the features name. */
  private static List<String> named() throws IOException {
    List<String> names =
        BUNDLE
            .matcher(Files.readString(DIST.resolve("holdfast-features.xml")))
            .results()
            .map(KarafFeaturesTest::file)
            .toList();
    assertTrue(names.size() > 15, names::toString);
    return names;
  }

  private static String file(MatchResult bundle) {
    return bundle.group(2) + "-" + bundle.group(3) + ".jar";
  }

  private static List<Path> jars(Path folder) throws IOException {
    try (Stream<Path> jars = Files.list(folder)) {
      return jars.filter(jar -> jar.toString().endsWith(".jar")).sorted().toList();
    }
  }

  private static String symbolicName(Path jar) {
    try (JarFile file = new JarFile(jar.toFile())) {
      return file.getManifest()
          .getMainAttributes()
          .getValue(Constants.BUNDLE_SYMBOLICNAME)
          .split(";")[0];
    } catch (IOException e) {
      throw new AssertionError(jar.toString(), e);
    }
  }

  private List<Bundle> install() throws Exception {
    List<Bundle> bundles = new ArrayList<>();
    for (Path jar : jars(Path.of("target", "karaf"))) {
      bundles.add(framework.getBundleContext().installBundle(jar.toUri().toString()));
    }
    for (String name : named()) {
      bundles.add(
          framework
              .getBundleContext()
              .installBundle(DIST.resolve("bundles").resolve(name).toUri().toString()));
    }
    return bundles;
  }

  @Test
  @DisplayName("the features name every bundle of Holdfast's that a container gets")
  void namesAll() throws IOException {
    Set<String> ours =
        jars(DIST.resolve("bundles")).stream()
            .filter(jar -> symbolicName(jar).startsWith("holdfast."))
            .map(jar -> jar.getFileName().toString())
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> named = new TreeSet<>(named());

    assertTrue(ours.size() > 10, ours::toString);
    assertTrue(named.containsAll(ours), () -> "named: " + named + ", there: " + ours);
  }

  @Test
  @DisplayName("all of their bundles resolve with those of Karaf")
  void resolves() throws Exception {
    List<Bundle> bundles = install();

    boolean resolved = framework.adapt(FrameworkWiring.class).resolveBundles(bundles);

    List<String> left = new ArrayList<>();
    for (Bundle bundle : bundles) {
      if (bundle.getState() == Bundle.INSTALLED) {
        try {
          bundle.start();
        } catch (Exception e) {
          left.add(e.getMessage());
        }
      }
    }
    assertEquals(List.of(), left);
    assertTrue(resolved);
  }

  @Test
  @DisplayName("each service that one of their bundles can't do without is another's, or Karaf's")
  void hasTheServices() throws Exception {
    List<BundleRevision> revisions =
        install().stream().map(bundle -> bundle.adapt(BundleRevision.class)).toList();
    List<BundleCapability> offered =
        revisions.stream()
            .flatMap(revision -> revision.getDeclaredCapabilities("osgi.service").stream())
            .toList();
    List<String> missing = new ArrayList<>();
    int looked = 0;
    for (BundleRevision revision : revisions) {
      for (BundleRequirement needed : revision.getDeclaredRequirements("osgi.service")) {
        boolean optional =
            Constants.RESOLUTION_OPTIONAL.equals(
                needed.getDirectives().get(Constants.RESOLUTION_DIRECTIVE));
        looked++;
        if (!optional && offered.stream().noneMatch(needed::matches)) {
          missing.add(revision.getSymbolicName() + ": " + needed.getDirectives());
        }
      }
    }
    assertEquals(List.of(), missing);
    assertTrue(looked > 10, "what was looked at: " + looked);
  }
}
