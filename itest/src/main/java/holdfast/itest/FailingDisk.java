package holdfast.itest;

import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * An ext4 on a disk that takes the first writes and fails the later ones: a loop device on a sparse
 * file in a file system that has not nearly the room for it. What is allocated in it has no blocks
 * behind it, so that setting space aside doesn't help.
 */
final class FailingDisk implements AutoCloseable {
  private final SmallTmpfs store;
  private final Path folder;

  private FailingDisk(SmallTmpfs store, Path folder) {
    this.store = store;
    this.folder = folder;
  }

  /**
   * Mounts one of 16 MiB, of which about 2 can be written. The test is skipped where that can't be
   * done.
   *
   * @param folder an empty folder, over which it is mounted
   * @param backing an empty folder for the file with its blocks
   */
  static FailingDisk mount(Path folder, Path backing) throws InterruptedException {
    SmallTmpfs store = SmallTmpfs.mount(backing, "size=3m");
    String image = backing.resolve("disk.img").toString();
    String said = HostCommand.run("truncate", "--size=16M", image);
    if (said.isEmpty()) {
      said = HostCommand.run("mkfs.ext4", "-q", "-O", "^has_journal", "-E", "nodiscard", image);
    }
    if (said.isEmpty()) {
      said = HostCommand.run("mount", "-o", "loop,nodiscard", image, folder.toString());
    }
    if (!said.isEmpty()) {
      store.close();
      Assumptions.abort("a disk that fails needs mkfs.ext4, a loop device and root: " + said);
    }
    return new FailingDisk(store, folder);
  }

  @Override
  public void close() throws InterruptedException {
    try {
      HostCommand.unmount(folder);
    } finally {
      store.close();
    }
  }
}
