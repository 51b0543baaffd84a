package holdfast.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A guest that moves between two Holdfasts, each in a Java of its own with the product's options,
 * and with a start cache that knows of migrations, as the product's does.
 */
final class HoldfastMigration {
  private static final long LIMIT = 60;

  /** How much memory moves while Java takes note of what a migration needs. */
  private static final long REHEARSED = 16L << 20;

  private static final String DESTINATION = "destination";
  private static final String SOURCE = "source";

  private HoldfastMigration() {}

  /** One of the two. */
  private static final class Peer implements AutoCloseable {
    private final Process process;
    private final BufferedReader said;

    /**
     * @param cache {@code Output} to write the start cache, or nothing to use it
     */
    Peer(String cache, String role, Path file, long size, String address, long rate)
        throws IOException {
      List<String> command =
          new ArrayList<>(
              List.of(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:AOTCache" + cache + "=" + cache(role),
                  "-Xlog:aot*=off",
                  "-Xlog:cds*=off",
                  "-XX:+UseSerialGC",
                  "-XX:-UsePerfData",
                  "-XX:CompileThresholdScaling=8",
                  "-Xms16m",
                  "-XX:NewSize=8m",
                  "--sun-misc-unsafe-memory-access=allow",
                  "--enable-native-access=ALL-UNNAMED",
                  "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                  "-Dlogback.configurationFile="
                      + System.getProperty("logback.configurationFile", ""),
                  "-cp",
                  System.getProperty("java.class.path"),
                  MigrationPeer.class.getName(),
                  role));
      command.addAll(List.of(file.toString(), "" + size, address, "" + rate));
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      said = process.inputReader(StandardCharsets.US_ASCII);
      String first = said.readLine();
      if (!"ready".equals(first)) {
        throw new IOException("the " + role + " of a migration says " + first);
      }
    }

    String migrate() throws IOException {
      process.getOutputStream().write('\n');
      process.getOutputStream().flush();
      String line = said.readLine();
      if (line == null) {
        throw new IOException("a migration failed");
      }
      return line;
    }

    @Override
    public void close() throws IOException {
      process.getOutputStream().close();
      try {
        if (!process.waitFor(LIMIT, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Moves a guest.
   *
   * @param from the file of its memory, which stays
   * @param to a file that is not there; removed afterwards
   * @param rate how many pages a second the guest dirties
   */
  static Migrated run(Path from, Path to, long size, long rate) throws IOException {
    if (!Files.exists(cache(SOURCE))) {
      rehearse(to);
    }
    return run("", from, to, size, rate);
  }

  /** Makes the start caches, by a small migration in which a guest stores. */
  private static void rehearse(Path to) throws IOException {
    Path small = to.resolveSibling(to.getFileName() + ".small");
    Files.write(small, new byte[(int) REHEARSED]);
    try {
      run("Output", small, to, REHEARSED, 1000);
    } finally {
      Files.deleteIfExists(small);
    }
  }

  private static Path cache(String role) {
    return Path.of(System.getProperty("holdfast.bench.rivals"), role + ".aot");
  }

  private static Migrated run(String cache, Path from, Path to, long size, long rate)
      throws IOException {
    Path socket = to.resolveSibling(to.getFileName() + ".socket");
    String address = "unix:" + socket;
    try (Peer destination = new Peer(cache, DESTINATION, to, size, address, 0);
        Peer source = new Peer(cache, SOURCE, from, size, address, rate)) {
      settle(); // a destination waits for seconds before an operator says where to move to
      String[] numbers = source.migrate().split(" ");
      return new Migrated(
          Double.parseDouble(numbers[0]),
          Double.parseDouble(numbers[1]),
          Double.parseDouble(numbers[2]),
          Migrated.stores(Double.parseDouble(numbers[3]), Double.parseDouble(numbers[0])));
    } finally {
      for (Path each : List.of(to, socket, note(from), note(to))) {
        Files.deleteIfExists(each);
      }
    }
  }

  private static Path note(Path file) {
    return file.resolveSibling(file.getFileName() + ".migration.json");
  }

  private static void settle() {
    try {
      TimeUnit.SECONDS.sleep(2);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
