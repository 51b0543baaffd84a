package holdfast.backend.dax.internal;

import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.mmap.Libc;
import holdfast.backend.mmap.RamMapper;
import holdfast.backend.testkit.RamBlockAllocatorContract;
import holdfast.backend.testkit.RecordingCacheFlush;
import java.nio.file.Path;
import java.util.Optional;

/** The contract, for the DAX allocator with a cache flush that every host has. */
abstract class DaxAllocatorContract extends RamBlockAllocatorContract {

  @Override
  protected RamBlockAllocator newAllocator(Libc libc, Path sysfs) {
    return new DaxRamBlockAllocator(
        new RamMapper(libc, sysfs), Optional.of(new RecordingCacheFlush()));
  }

  @Override
  protected boolean attemptsSync() {
    return true;
  }
}
