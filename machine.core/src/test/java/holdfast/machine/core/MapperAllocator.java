package holdfast.machine.core;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.MappingStyle;
import java.util.Map;

/**
 * An allocator of the product's own blocks, which takes everything: what {@code backend.file} and
 * {@code backend.dax} are, without their configuration.
 */
public record MapperAllocator(RamMapper mapper, MappingStyle style) implements RamBlockAllocator {

  /** The service properties that the framework shows for it. */
  public Map<String, Object> properties(long serviceId, int ranking) {
    return Map.of("service.id", serviceId, "service.ranking", ranking, BACKEND_KIND, kind());
  }

  @Override
  public String kind() {
    return style.allocator();
  }

  @Override
  public boolean accepts(RamBlockSpec spec) {
    return true;
  }

  @Override
  public RamBlock allocate(RamBlockSpec spec) throws RamBlockException {
    return mapper.map(spec, style);
  }

  @Override
  public RamBlock remap(RamBlock present) throws RamBlockException {
    return mapper.remap(present, style);
  }
}
