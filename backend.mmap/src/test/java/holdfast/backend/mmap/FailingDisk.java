package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.abort;

import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A disk that takes the first writes and fails the later ones: an ext4 on a loop device, whose
 * sparse file is in a tmpfs that has not nearly the room for it. What is allocated in it has no
 * blocks behind it, so that setting space aside doesn't help.
 *
 * <p>Each request to it is one page of the tmpfs, written as a whole or refused. Of a longer one
 * the tmpfs would take the part that it has room for, and Linux' loop driver takes such a short
 * write for a good one (lo_complete_rq() looks at the length of reads alone): pages would be
 * acknowledged, and be lost, by that disk, whoever wrote them.
 */
final class FailingDisk implements AutoCloseable {
  /** Each block of the journal and of the inodes is written now, and can be written later. */
  private static final String OPTIONS = "nodiscard,lazy_journal_init=0,lazy_itable_init=0";

  private static final int METADATA_MIB = 5;
  private static final int PAGE = 4096;

  private final Mount store;
  private final Path image;
  private Mount mounted;

  private FailingDisk(Mount store, Path image, Mount mounted) {
    this.store = store;
    this.image = image;
    this.mounted = mounted;
  }

  /**
   * Mounts one of 64 MiB. The test is skipped where that can't be done.
   *
   * @param mib so many MiB can be written, a little more or less
   */
  static FailingDisk mount(int mib) throws IOException, InterruptedException {
    return mount(mib, "-J", "size=4");
  }

  /** The same without a journal, whose failure would make the file system read-only. */
  static FailingDisk withoutJournal(int mib) throws IOException, InterruptedException {
    return mount(mib, "-O", "^has_journal");
  }

  private static FailingDisk mount(int mib, String option, String value)
      throws IOException, InterruptedException {
    Mount store = Mount.tmpfs(mib + METADATA_MIB);
    try {
      Path image = store.folder().resolve("disk.img");
      String refusal = Mount.run("truncate", "--size=64M", image.toString());
      if (refusal.isEmpty()) {
        refusal =
            Mount.run(
                "mkfs.ext4",
                "-q",
                "-b",
                "" + PAGE,
                "-N",
                "64",
                option,
                value,
                "-E",
                OPTIONS,
                image.toString());
      }
      if (!refusal.isEmpty()) {
        abort("a disk that fails needs mkfs.ext4: " + refusal);
      }
      return new FailingDisk(store, image, ofSinglePages(Mount.image(image)));
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      store.close();
      throw e;
    }
  }

  /** Has the disk of a mounted file system take no more than a page at a time. */
  private static Mount ofSinglePages(Mount mounted) throws IOException {
    try {
      FileStore disk = Files.getFileStore(mounted.folder());
      Path limit =
          Path.of("/sys/block")
              .resolve(Path.of(disk.name()).getFileName())
              .resolve("queue/max_sectors_kb");
      Files.writeString(limit, "" + PAGE / 1024);
      return mounted;
    } catch (IOException | RuntimeException e) {
      mounted.close();
      throw e;
    }
  }

  /** Where it is mounted now. */
  Path folder() {
    return mounted.folder();
  }

  /** It as storage for a {@link Bench}. */
  Storage storage() {
    return mounted.storage();
  }

  /**
   * Unmounts it and mounts it again, on a disk that fails no more, since the journal has to be
   * replayed: what is read from now on is what was on it.
   */
  void mountAgain() throws IOException, InterruptedException {
    mounted.close();
    String folder = store.folder().toString();
    assertEquals("", Mount.run("mount", "-o", "remount,size=128m", folder));
    mounted = Mount.image(image);
  }

  @Override
  public void close() throws IOException {
    mounted.close();
    store.close();
  }
}
