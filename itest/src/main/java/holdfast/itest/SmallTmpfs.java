package holdfast.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** A file system in memory with room for little, mounted while it is open. */
final class SmallTmpfs implements AutoCloseable {
  private final Path folder;

  private SmallTmpfs(Path folder) {
    this.folder = folder;
  }

  /**
   * Mounts one over an empty folder. The test is skipped where that is not allowed.
   *
   * @param options of mount(8), such as {@code size=1m}
   */
  static SmallTmpfs mount(Path folder, String options) throws InterruptedException {
    String said =
        HostCommand.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder.toString());
    Assumptions.assumeTrue(
        said.isEmpty(), () -> "a small file system has to be mounted, which needs root: " + said);
    return new SmallTmpfs(folder);
  }

  /** Mounts it again with other options, such as {@code ro}. */
  void remount(String options) throws InterruptedException {
    assertEquals("", HostCommand.run("mount", "-o", "remount," + options, folder.toString()));
  }

  @Override
  public void close() throws InterruptedException {
    HostCommand.unmount(folder);
  }
}
