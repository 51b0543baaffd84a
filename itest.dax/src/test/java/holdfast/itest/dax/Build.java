package holdfast.itest.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What the build made, by paths that are good in the guest as well. */
final class Build {
  private static final Path ROOT =
      Path.of(System.getProperty("holdfast.root")).toAbsolutePath().normalize();

  /**
   * Under emulation the C2 compiler costs more than it gains, and so do vector instructions and a
   * collector's threads.
   */
  private static final String JAVA =
      "-XX:TieredStopAtLevel=1 -XX:UseAVX=0 -XX:+UseSerialGC -Xmx256M"
          + " --sun-misc-unsafe-memory-access=allow";

  private static final int LIMIT_MINUTES = 3;

  private Build() {}

  /** A file of the project. */
  static Path path(String relative) {
    return ROOT.resolve(relative);
  }

  /** Java with these options. */
  static String java(String options) {
    return "$JAVA_HOME/bin/java " + JAVA + " " + options + " ";
  }

  /** The command that starts the product. */
  static String product() throws IOException, InterruptedException {
    return start(path("dist/target/holdfast.jar"), "");
  }

  /**
   * The command that starts the product's bundles with the guest writer.
   *
   * @param jar the name of one of this module's executable jars
   * @param properties {@code -D} options
   */
  static String writer(String jar, String properties) throws IOException, InterruptedException {
    return start(path("itest.dax/target/" + jar), properties);
  }

  private static String start(Path jar, String properties)
      throws IOException, InterruptedException {
    return java("-XX:AOTCache=" + aotCache(jar) + " " + properties + " -jar " + jar);
  }

  /** The command that looks for records. */
  static String reader() {
    return java("-cp " + path("itest.dax/target/classes") + " holdfast.itest.dax.RecordReader");
  }

  /** The command that runs test classes of the modules, whose XML report goes to a folder. */
  static String tests(String reports, String dax, List<String> classes) {
    StringBuilder classPath = new StringBuilder(System.getProperty("java.class.path"));
    for (String module : List.of("backend.dax", "backend.file")) {
      classPath.append(':').append(path(module + "/target/test-classes"));
    }
    return library(
        "-Dholdfast.test.dax=" + dax,
        classPath.toString(),
        "org.junit.platform.console.ConsoleLauncher execute --disable-banner"
            + " --details=none --include-engine=junit-jupiter --reports-dir="
            + reports
            + " -c "
            + String.join(" -c ", classes));
  }

  /** The command that runs a class of these tests which uses Holdfast as a library. */
  static String library(Class<?> program, String arguments) {
    return library("", System.getProperty("java.class.path"), program.getName() + " " + arguments);
  }

  private static String library(String properties, String classPath, String program) {
    return java(
        "--enable-native-access=ALL-UNNAMED --add-exports=java.base/jdk.internal.misc=ALL-UNNAMED "
            + properties
            + " -Dlogback.configurationFile="
            + path("cnf/logback.xml")
            + " -cp "
            + classPath
            + " "
            + program);
  }

  /** The command that asks libpmem and the JDK about files. */
  static String view(String files) {
    return java(
        "--enable-native-access=ALL-UNNAMED -cp "
            + path("itest.dax/target/test-classes")
            + " holdfast.itest.dax.PersistentMemoryViews "
            + files);
  }

  /**
   * What Java has learned from a start on the host (JEP 514), which makes that in a guest short.
   */
  private static synchronized Path aotCache(Path jar) throws IOException, InterruptedException {
    Path folder = Files.createDirectories(path("itest.dax/target/aot"));
    // It is good for this very JVM.
    String name = jar.getFileName() + "-" + System.getProperty("java.vm.version");
    Path cache = folder.resolve(name + ".aot");
    if (Files.exists(cache)
        && Files.getLastModifiedTime(cache).compareTo(Files.getLastModifiedTime(jar)) > 0) {
      return cache;
    }
    String command =
        "%s/bin/java %s -XX:AOTCacheOutput=%s -jar %s -probe -machine pc,nvdimm=on"
                .formatted(System.getProperty("java.home"), JAVA, cache, jar)
            + " -m 16M,slots=1,maxmem=1G -device nvdimm,memdev=m"
            + " -object memory-backend-file,id=m,share=on,size=8M,mem-path=trained.img";
    File log = folder.resolve(name + ".log").toFile();
    Process process =
        new ProcessBuilder(List.of(command.split(" ")))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log)
            .start();
    boolean ended = process.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES);
    process.destroyForcibly();
    assertTrue(ended, () -> "no end of " + command);
    assertEquals(0, process.exitValue(), () -> "see " + log);
    return cache;
  }
}
