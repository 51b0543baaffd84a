package holdfast.backend.file.internal;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.MappingStyle;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/**
 * Maps ordinary files, files of in-memory file systems and plain memory; persists with msync(2).
 * Accepts every block, including those for persistent memory, which get page granularity here.
 */
@Component(
    configurationPid = FileRamBlockAllocator.PID,
    property = RamBlockAllocator.BACKEND_KIND + "=" + FileRamBlockAllocator.KIND)
@Designate(ocd = FileRamBlockAllocator.Config.class)
public final class FileRamBlockAllocator implements RamBlockAllocator {
  static final String PID = "holdfast.backend.file";
  static final String KIND = "file";

  /** The allocator's configuration. */
  @ObjectClassDefinition(
      name = "Holdfast file allocator",
      description = "Maps ordinary files for guest memory and persists with msync(2).")
  public @interface Config {
    /** The ranking among the allocators that accept a block. */
    @AttributeDefinition(
        name = "Service ranking",
        description = "Among the allocators that accept a block, the highest ranking is used.")
    int service_ranking() default 0;
  }

  private final RamMapper mapper;

  /** For Declarative Services, and for {@link java.util.ServiceLoader}. */
  @Activate
  public FileRamBlockAllocator() {
    this(new RamMapper());
  }

  FileRamBlockAllocator(RamMapper mapper) {
    this.mapper = mapper;
  }

  /**
   * Does nothing: a change of configuration only changes service properties, and disturbs no block.
   */
  @Modified
  void modified(Config config) {}

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public boolean accepts(RamBlockSpec spec) {
    return true;
  }

  @Override
  public RamBlock allocate(RamBlockSpec spec) throws RamBlockException {
    return mapper.map(spec, MappingStyle.kernel(KIND));
  }

  @Override
  public RamBlock remap(RamBlock present) throws RamBlockException {
    return mapper.remap(present, MappingStyle.kernel(KIND));
  }
}
