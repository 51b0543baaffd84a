package holdfast.machine.core;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.machine.config.AllocatorFilter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Two allocators, as the product has them, the services that are there, and regions on them. */
final class RegionFixture implements AutoCloseable {
  /** What can be re-mapped. */
  static final RamBlockSpec SHARED = spec(new Backing.File(Path.of("/nv")), RamFlag.RAM_SHARED);

  /** What can't, since its changes exist nowhere else. */
  static final RamBlockSpec PRIVATE = spec(new Backing.File(Path.of("/nv")));

  final FakeAllocator file = new FakeAllocator("file", Granularity.PAGE);
  final FakeAllocator dax = new FakeAllocator("dax", Granularity.CACHE_LINE);
  final Candidates candidates = new Candidates();

  /** What the listener of the regions was told: their status at that moment. */
  final List<Region.Status> told = new ArrayList<>();

  private final List<Region> regions = new ArrayList<>();

  private static RamBlockSpec spec(Backing backing, RamFlag... flags) {
    return RamBlockSpec.of(new BackendId("nv0"), backing, ByteSize.kib(8), Set.of(flags));
  }

  /** Registers {@link #file}: service 1, ranking 0. */
  void addFile() {
    candidates.add(file, file.properties(1, 0));
  }

  /** Registers {@link #dax}: service 2, ranking 100. */
  void addDax() {
    candidates.add(dax, dax.properties(2, 100));
  }

  Region open(RamBlockSpec spec) throws NoAllocatorException, RamBlockException {
    return open(spec, AllocatorFilter.ANY);
  }

  Region open(RamBlockSpec spec, AllocatorFilter filter)
      throws NoAllocatorException, RamBlockException {
    Region region = Region.open(spec, candidates, filter, r -> told.add(r.status()));
    regions.add(region);
    return region;
  }

  /**
   * A filter on the kind of allocator.
   *
   * @param text {@code (backend.kind=KIND)}, or {@code *} for the kind
   */
  static AllocatorFilter filter(String text) {
    String kind = text.replaceAll("^\\(backend\\.kind=(.*)\\)$", "$1");
    return new AllocatorFilter() {
      @Override
      public boolean matches(Map<String, ?> properties) {
        return kind.equals("*") || kind.equals(properties.get("backend.kind"));
      }

      @Override
      public String text() {
        return text;
      }
    };
  }

  /** The refusal of a re-map, with a reason of ours. */
  static FakeAllocator.Step refusing(String reason) {
    return spec -> {
      throw new RemapRefusedException(spec, reason);
    };
  }

  static FakeBlock block(Region region) {
    return (FakeBlock) region.status().block();
  }

  @Override
  public void close() {
    regions.forEach(Region::close);
  }
}
