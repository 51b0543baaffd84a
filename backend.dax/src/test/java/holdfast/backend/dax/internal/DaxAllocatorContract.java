package holdfast.backend.dax.internal;

import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.backend.testkit.RamBlockAllocatorContract;
import holdfast.host.linux.Libc;
import java.nio.file.Path;

/** The contract, for the DAX allocator. */
abstract class DaxAllocatorContract extends RamBlockAllocatorContract {

  @Override
  protected RamBlockAllocator newAllocator(Libc libc, Path sysfs, CacheFlush caches) {
    return new DaxRamBlockAllocator(
        new RamMapper(libc, sysfs), MappingStyle.pmem(DaxRamBlockAllocator.KIND, caches));
  }

  @Override
  protected boolean attemptsSync() {
    return true;
  }
}
