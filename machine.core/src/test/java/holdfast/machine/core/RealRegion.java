package holdfast.machine.core;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.HostLibc;
import holdfast.machine.config.AllocatorFilter;
import java.nio.file.Path;
import java.util.Set;

/** A region on one of the product's own blocks, {@code ram}, without a machine or a framework. */
public final class RealRegion implements AutoCloseable {
  /** The region. */
  public final Region region;

  private RealRegion(RamBlockSpec spec) throws NoAllocatorException, RamBlockException {
    MapperAllocator allocator =
        new MapperAllocator(
            new RamMapper(HostLibc.instance(), Path.of("/sys")), MappingStyle.kernel("file"));
    Candidates candidates = new Candidates();
    candidates.add(allocator, allocator.properties(1, 0));
    region = Region.open(spec, candidates, AllocatorFilter.ANY, changed -> {});
  }

  /** A shared mapping of a file of {@code size} bytes. */
  public static RealRegion file(Path path, long size)
      throws NoAllocatorException, RamBlockException {
    return of(new Backing.File(path), size, RamFlag.RAM_SHARED);
  }

  /** Some kind of memory. */
  public static RealRegion of(Backing backing, long size, RamFlag... flags)
      throws NoAllocatorException, RamBlockException {
    return new RealRegion(
        RamBlockSpec.of(new BackendId("ram"), backing, new ByteSize(size), Set.of(flags)));
  }

  @Override
  public void close() {
    region.close();
  }
}
