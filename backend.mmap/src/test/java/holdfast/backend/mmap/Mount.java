package holdfast.backend.mmap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.abort;

import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** A file system of a test's own, mounted while this is open. Only root can do that. */
public final class Mount implements AutoCloseable {
  private final Path folder;

  private Mount(Path folder) {
    this.folder = folder;
  }

  /** A tmpfs that holds {@code mib} MiB. The test is skipped where it can't be mounted. */
  public static Mount tmpfs(int mib) throws IOException, InterruptedException {
    return of("tmpfs", "size=" + mib + "m");
  }

  /** A hugetlbfs of pages of 2 MiB. The test is skipped where it can't be mounted. */
  public static Mount hugetlbfs() throws IOException, InterruptedException {
    return of("hugetlbfs", "pagesize=2M");
  }

  /** The file system in an image. The test is skipped where it can't be mounted. */
  static Mount image(Path image) throws IOException, InterruptedException {
    return mount(image + ", a loop device", "-o", "loop,nodiscard", image.toString());
  }

  private static Mount of(String type, String options) throws IOException, InterruptedException {
    return mount("a " + type, "-t", type, "-o", options, "holdfast-test");
  }

  private static Mount mount(String what, String... arguments)
      throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("holdfast-mount").toRealPath();
    String refusal =
        run(
            Stream.of(Stream.of("mount"), Stream.of(arguments), Stream.of(folder.toString()))
                .flatMap(words -> words)
                .toArray(String[]::new));
    if (!refusal.isEmpty()) {
      Files.delete(folder);
      return abort("can't mount " + what + " here, which only root can: " + refusal);
    }
    return new Mount(folder);
  }

  /** Where it is mounted. */
  public Path folder() {
    return folder;
  }

  /** It as storage for a {@link Bench}. */
  Storage storage() {
    return new Storage("a file on a file system of the test's own", folder, true, false, false);
  }

  @Override
  public void close() throws IOException {
    try {
      assertEquals("", run("umount", folder.toString()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Files.delete(folder);
  }

  /** Runs a command; what it says, and that it failed if it failed and says nothing. */
  static String run(String... command) throws IOException, InterruptedException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String says = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
      int status = process.waitFor();
      return status == 0 ? "" : command[0] + ": exit status " + status + " " + says;
    } catch (IOException notThere) {
      return String.valueOf(notThere.getMessage());
    }
  }
}
