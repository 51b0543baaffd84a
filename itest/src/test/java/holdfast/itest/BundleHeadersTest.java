package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.osgi.framework.Constants;
import org.osgi.framework.Version;
import org.osgi.framework.VersionRange;

/** What the manifests of the bundles say, of which those who build upon them rely. */
class BundleHeadersTest {
  private static final String MANIFEST = "META-INF/MANIFEST.MF";

  /** One of Holdfast's packages in a header, and its version. */
  private static final Pattern PACKAGE =
      Pattern.compile("(holdfast\\.[\\w.]+)(?:;[\\w-]+:?=(?!\")[^;,\"]+)*;version=\"([^\"]+)\"");

  /** A bundle's headers, and where its manifest stands. */
  private record Found(Attributes headers, String place) {}

  private static final Map<String, Found> BUNDLES = new TreeMap<>();

  @BeforeAll
  static void readAll() throws IOException {
    ClassLoader loader = BundleHeadersTest.class.getClassLoader();
    for (URL each : Collections.list(loader.getResources(MANIFEST))) {
      try (InputStream in = each.openStream()) {
        Attributes headers = new Manifest(in).getMainAttributes();
        String name = Optional.ofNullable(value(headers, Constants.BUNDLE_SYMBOLICNAME)).orElse("");
        if (name.startsWith("holdfast.")) {
          BUNDLES.put(name, new Found(headers, each.toString()));
        }
      }
    }
  }

  private static String value(Attributes headers, String name) {
    return headers.getValue(name);
  }

  /** The packages of Holdfast in a header, with their versions. */
  private static Map<String, String> packages(Attributes headers, String header) {
    Map<String, String> found = new TreeMap<>();
    Optional.ofNullable(value(headers, header))
        .ifPresent(
            text ->
                PACKAGE
                    .matcher(text.replaceAll(";uses:=\"[^\"]*\"", ""))
                    .results()
                    .forEach(each -> found.put(each.group(1), each.group(2))));
    return found;
  }

  @Test
  @DisplayName("Every bundle of the product is looked at")
  void findsThemAll() {
    assertTrue(
        BUNDLES
            .keySet()
            .containsAll(
                Stream.of(
                        "host.linux",
                        "backend.api",
                        "backend.mmap",
                        "backend.file",
                        "backend.dax",
                        "machine.api",
                        "machine.acpi",
                        "machine.config",
                        "machine.core",
                        "machine.copy",
                        "machine.swap",
                        "machine.migration",
                        "launcher")
                    .map("holdfast."::concat)
                    .toList()),
        BUNDLES.keySet()::toString);
  }

  @TestFactory
  @DisplayName("A bundle takes another's package as long as only its third number changes")
  Stream<DynamicTest> importsEndBelowTheNextSecondNumber() {
    Map<String, String> exported = new TreeMap<>();
    BUNDLES
        .values()
        .forEach(each -> exported.putAll(packages(each.headers, Constants.EXPORT_PACKAGE)));
    assertFalse(exported.isEmpty());
    return BUNDLES.entrySet().stream()
        .flatMap(
            bundle ->
                packages(bundle.getValue().headers, Constants.IMPORT_PACKAGE).entrySet().stream()
                    .map(
                        each ->
                            DynamicTest.dynamicTest(
                                bundle.getKey() + " imports " + each.getKey(),
                                () ->
                                    assertNarrow(
                                        Version.parseVersion(exported.get(each.getKey())),
                                        new VersionRange(each.getValue())))));
  }

  private static void assertNarrow(Version present, VersionRange taken) {
    int major = present.getMajor();
    int minor = present.getMinor();
    assertEquals(0, major, "from 1.0 on bnd's own policy says what a consumer can take");
    assertAll(
        () -> assertTrue(taken.includes(present)),
        () -> assertTrue(taken.includes(new Version(major, minor, present.getMicro() + 1))),
        () -> assertFalse(taken.includes(new Version(major, minor + 1, 0))));
  }

  @TestFactory
  @DisplayName("A bundle names its licence, has the text of it, and names its makers")
  Stream<DynamicTest> saysWhoseItIs() {
    return BUNDLES.entrySet().stream()
        .map(
            bundle ->
                DynamicTest.dynamicTest(
                    bundle.getKey(),
                    () -> {
                      Found found = bundle.getValue();
                      String licence = value(found.headers, Constants.BUNDLE_LICENSE);
                      assertTrue(licence.startsWith("Apache-2.0;"), licence);
                      assertNotNull(value(found.headers, "Bundle-Developers"));
                      assertNotNull(value(found.headers, "Bundle-SCM"));
                      String text = found.place.replace(MANIFEST, "META-INF/LICENSE");
                      try (InputStream in = URI.create(text).toURL().openStream()) {
                        assertTrue(new String(in.readAllBytes()).contains("Apache License"));
                      }
                    }));
  }
}
