package holdfast.backend.file.internal;

import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.backend.testkit.RamBlockAllocatorContract;
import holdfast.host.linux.Libc;
import java.nio.file.Path;

/** The contract, for the file allocator. */
abstract class FileAllocatorContract extends RamBlockAllocatorContract {

  @Override
  protected RamBlockAllocator newAllocator(Libc libc, Path sysfs, CacheFlush caches) {
    return new FileRamBlockAllocator(new RamMapper(libc, sysfs));
  }

  @Override
  protected boolean attemptsSync() {
    return false;
  }
}
