package holdfast.backend.testkit;

import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.host.linux.Libc;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The contract of every allocator of RAM blocks, as tests. An allocator passes if a class that
 * extends this one passes for each kind of {@link Storage} that the allocator is for. The
 * interfaces that this class implements group the tests.
 *
 * <p>Each test runs in a new, empty folder, with a new allocator on a {@link FaultyLibc}, and fails
 * if a mapping, a descriptor or a lock is left behind.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
@ConsumerType
public abstract class RamBlockAllocatorContract
    implements FlagContract,
        GeometryContract,
        ContentContract,
        PersistContract,
        PowerCutContract,
        RemapContract,
        RemapRefusalContract,
        ReplaceContract,
        ReplaceRefusalContract,
        DetachContract,
        CloseContract,
        LockContract,
        BackingContract,
        AdviceContract,
        RefusalContract,
        CleanUpContract {
  private @Nullable AllocatorFixture fixture;

  /** Returns where the files of the blocks are. Skips the test if this host has no such storage. */
  protected abstract Storage storage();

  /**
   * Makes a new allocator.
   *
   * @param libc all the system calls that it makes
   * @param sysfs where sysfs is mounted
   * @param caches how it flushes CPU caches, if it does
   */
  protected abstract RamBlockAllocator newAllocator(Libc libc, Path sysfs, CacheFlush caches);

  /**
   * Returns whether the allocator attempts MAP_SYNC for blocks with RAM_SHARED and RAM_PMEM, and
   * flushes CPU caches if that was granted.
   */
  protected abstract boolean attemptsSync();

  @BeforeEach
  final void openFixture() throws IOException {
    fixture = new AllocatorFixture(this);
  }

  @AfterEach
  final void closeFixture() throws IOException {
    if (fixture != null) { // null if the test was skipped
      fixture.close();
    }
  }

  @Override
  public final AllocatorFixture fixture() {
    return Objects.requireNonNull(fixture);
  }
}
