package holdfast.itest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Constants;

/** Bundles that the operator adds to the product. */
class BundlesIT {
  private static final Path DEMO = Path.of(System.getProperty("holdfast.demo", "no-demo"));

  @TempDir(factory = OnBuildDisk.class)
  Path scratch;

  private Path folder;
  private Path bundles;

  @BeforeEach
  void makeFolders() throws IOException {
    folder = Files.createDirectory(scratch.resolve("cwd"));
    bundles = Files.createDirectory(folder.resolve("bundles"));
    Files.setPosixFilePermissions(bundles, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static void makeJar(Path file, Map<String, String> headers) throws IOException {
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    headers.forEach(attributes::putValue);
    try (OutputStream out = Files.newOutputStream(file);
        JarOutputStream jar = new JarOutputStream(out, manifest)) {
      jar.putNextEntry(new JarEntry("nothing"));
    }
  }

  private static Map<String, String> bundle(String header, String value) {
    return Map.of(
        Constants.BUNDLE_MANIFESTVERSION,
        "2",
        Constants.BUNDLE_SYMBOLICNAME,
        "guest",
        header,
        value);
  }

  private String refusal(String... arguments) throws IOException, InterruptedException {
    return Holdfast.run(folder, arguments).refusal();
  }

  private static List<String> machine(String file) {
    return List.of(
        "-machine",
        "pc,nvdimm=on",
        "-m",
        "16M,slots=1,maxmem=1G",
        "-object",
        "memory-backend-file,id=nv_be4,mem-path=" + file + ",size=64M,pmem=on,share=on",
        "-device",
        "nvdimm,id=nv4,memdev=nv_be4,label-size=2M");
  }

  @Test
  @DisplayName(
      "an emulator in a bundle gets guest memory, swaps and a migration to a second process, and its"
          + " result is the status")
  void demo() throws Exception {
    List<String> arguments =
        Stream.concat(Stream.of("-bundles", DEMO.toString()), machine("nv.img").stream()).toList();
    try (Holdfast holdfast = Holdfast.start(folder, arguments)) {
      Holdfast.Ended ended = holdfast.awaitEnd();

      assertEquals(0, ended.status(), ended.err()::toString);
      assertTrue(ended.out().contains("detached"), ended::out);
      assertTrue(ended.out().contains("memory: 65,011,712 bytes checked"), ended::out);
      assertTrue(ended.out().contains("file: 65,011,712 bytes of "), ended::out);
      Pattern swapped =
          Pattern.compile(
              "\\$ ram:swap nv_be4 mem-path=(\\S+) -verify.*swap 1 of 'nv_be4' to \\1: copy: .*"
                  + "done: [0-9.]+ MiB copied in [0-9]+ rounds, writers paused for [0-9.]+ ms",
              Pattern.DOTALL);
      assertTrue(swapped.matcher(ended.out()).find(), ended::out);
      Pattern moved =
          Pattern.compile(
              "\\$ ram:migrate (unix:\\S+) .*migration to \\1: completed: .*, guest writers stopped for"
                  + " [0-9.]+ ms.*here the machine is up; its guest has left for another machine",
              Pattern.DOTALL);
      assertTrue(moved.matcher(ended.out()).find(), ended::out);
    }
    assertTrue(refusal(machine("elsewhere.img").toArray(String[]::new)).contains("has moved to"));
  }

  @Test
  @DisplayName("what the emulator returns is the exit status")
  void statusOfTheProgram() throws Exception {
    // without an nvdimm the demo has nothing to show
    Holdfast.Ended ended = Holdfast.run(folder, "--bundles", DEMO.toString(), "-m", "16M");

    assertTrue(
        ended.refusal().startsWith("holdfast: demo: the machine has no nvdimm"),
        ended.err()::toString);
  }

  @Test
  @DisplayName("a bundle that is only there is added, and other files are left alone")
  void another() throws Exception {
    makeJar(bundles.resolve("guest.jar"), bundle("Bundle-Version", "1.0"));
    Files.writeString(bundles.resolve("README.txt"), "no bundle", UTF_8);

    Holdfast.Ended ended = Holdfast.run(folder, "-bundles", "bundles", "-probe", "-m", "16M");

    assertEquals(0, ended.status(), ended.err()::toString);
  }

  @Test
  @DisplayName("a folder that isn't there, or holds no bundle, is named")
  void noBundles() throws Exception {
    assertEquals(
        "holdfast: -bundles: the folder nowhere can't be read (not there)",
        refusal("-m", "16M", "-bundles", "nowhere"));
    assertEquals(
        "holdfast: -bundles: there is no bundle in bundles: put files *.jar there",
        refusal("-bundles", "bundles", "-m", "16M"));
    assertEquals(
        "holdfast: -bundles needs a value: write the folder of the bundles behind it",
        refusal("-m", "16M", "-bundles"));
  }

  @Test
  @DisplayName("a file that is no bundle is named, with what it lacks")
  void noBundle() throws Exception {
    Path file = bundles.resolve("guest.jar");
    Files.writeString(file, "not a jar", UTF_8);
    String broken = refusal("-bundles", "bundles", "-m", "16M");
    assertTrue(
        broken.startsWith("holdfast: -bundles: " + file.toRealPath() + " is no bundle: it is no "),
        broken);

    makeJar(file, Map.of("Main-Class", "guest.Main"));
    assertEquals(
        "holdfast: -bundles: "
            + file.toRealPath()
            + " is no bundle: its manifest has no Bundle-SymbolicName",
        refusal("-bundles", "bundles", "-m", "16M"));
  }

  @Test
  @DisplayName("a bundle that can't be resolved is named, with the package that it lacks")
  void unresolved() throws Exception {
    Path file = bundles.resolve("guest.jar");
    makeJar(
        file,
        bundle(Constants.IMPORT_PACKAGE, "holdfast.machine.api,com.example.cpu;version=\"[1,2)\""));

    assertEquals(
        "holdfast: -bundles: the bundle guest ("
            + file.toRealPath()
            + ") lacks the package com.example.cpu from version 1.0.0 to below 2.0.0: add the"
            + " bundle that exports it to the folder",
        refusal("-bundles", "bundles", "-m", "16M"));
  }

  @Test
  @DisplayName("of bundles that need each other, the package is named that nobody has")
  void unresolvedTogether() throws Exception {
    makeJar(bundles.resolve("a.jar"), bundle(Constants.IMPORT_PACKAGE, "com.example.bus"));
    makeJar(
        bundles.resolve("b.jar"),
        Map.of(
            Constants.BUNDLE_MANIFESTVERSION,
            "2",
            Constants.BUNDLE_SYMBOLICNAME,
            "bus",
            Constants.EXPORT_PACKAGE,
            "com.example.bus",
            Constants.IMPORT_PACKAGE,
            "com.example.cpu"));

    String refusal = refusal("-bundles", "bundles", "-m", "16M");

    assertTrue(refusal.contains(" lacks the package com.example.cpu: "), refusal);
  }

  @Test
  @DisplayName("a bundle made for the next version of a package is refused for it")
  void madeForAnotherVersion() throws Exception {
    makeJar(
        bundles.resolve("guest.jar"),
        bundle(Constants.IMPORT_PACKAGE, "holdfast.machine.api;version=\"[0.2,0.3)\""));

    String refusal = refusal("-bundles", "bundles", "-m", "16M");

    assertTrue(
        refusal.contains("lacks the package holdfast.machine.api from version 0.2.0"), refusal);
  }

  @Test
  @DisplayName("a bundle whose activator fails keeps the product from starting")
  void activatorFails() throws Exception {
    makeJar(bundles.resolve("guest.jar"), bundle(Constants.BUNDLE_ACTIVATOR, "guest.NotThere"));

    Holdfast.Ended ended = Holdfast.run(folder, "-bundles", "bundles", "-m", "16M");

    assertEquals(1, ended.status());
    assertEquals("", ended.out());
    assertEquals(1, ended.err().size(), ended.err()::toString);
    assertTrue(ended.err().getFirst().contains("did not start"), ended.err()::toString);
    assertTrue(ended.err().getFirst().contains("guest.NotThere"), ended.err()::toString);
  }

  @Test
  @DisplayName("no code is taken from where everybody could put it")
  void writableByEverybody() throws Exception {
    Path file = bundles.resolve("guest.jar");
    makeJar(file, bundle("Bundle-Version", "1.0"));
    Files.setPosixFilePermissions(bundles, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertEquals(
        "holdfast: -bundles: no code is taken from bundles, where another user could put it: "
            + bundles.toRealPath()
            + " may be written by everybody",
        refusal("-bundles", "bundles", "-m", "16M"));

    Files.setPosixFilePermissions(bundles, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    assertTrue(
        refusal("-bundles", "bundles", "-m", "16M").endsWith(" may be written by everybody"));
  }
}
