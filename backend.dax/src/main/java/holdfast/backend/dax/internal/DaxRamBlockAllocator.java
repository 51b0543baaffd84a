package holdfast.backend.dax.internal;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.backend.mmap.style.MappingStyle;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Maps files of DAX file systems and DAX devices with MAP_SYNC, and persists by flushing CPU cache
 * lines. Accepts the blocks with {@code pmem=on}; a file that is not on a DAX file system is mapped
 * without MAP_SYNC, with a warning, and persisted with msync(2).
 */
@Component(
    configurationPid = DaxRamBlockAllocator.PID,
    property = RamBlockAllocator.BACKEND_KIND + "=" + DaxRamBlockAllocator.KIND)
@Designate(ocd = DaxRamBlockAllocator.Config.class)
public final class DaxRamBlockAllocator implements RamBlockAllocator {
  static final String PID = "holdfast.backend.dax";
  static final String KIND = "dax";
  private static final int RANKING = 100;
  private static final String AUTO = "auto";

  /** The variable that disables libpmem's pmem_flush, but not the function that is called here. */
  private static final String NO_FLUSH = "PMEM_NO_FLUSH";

  private static final Logger LOG = LoggerFactory.getLogger(DaxRamBlockAllocator.class);

  /** The allocator's configuration. */
  @ObjectClassDefinition(
      name = "Holdfast DAX allocator",
      description = "Maps DAX files and DAX devices for guest memory with MAP_SYNC.")
  public @interface Config {
    /** The ranking among the allocators that accept a block. */
    @AttributeDefinition(
        name = "Service ranking",
        description = "Among the allocators that accept a block, the highest ranking is used.")
    int service_ranking() default RANKING;

    /** Which code writes back CPU caches. */
    @AttributeDefinition(
        name = "Cache flush",
        description =
            "Which code writes back CPU caches: libpmem (Debian: libpmem1), the JDK's own (JEP 352),"
                + " none, or auto for the first of these that is there.",
        options = {
          @Option(label = "auto", value = "auto"),
          @Option(label = "libpmem", value = "libpmem"),
          @Option(label = "jdk", value = "jdk"),
          @Option(label = "none", value = "none")
        })
    String cache_flush() default AUTO;
  }

  private final RamMapper mapper;
  private volatile Style style;

  /** For Declarative Services. */
  @Activate
  public DaxRamBlockAllocator(Config config) {
    this(new RamMapper(), Style.of(config.cache_flush()));
  }

  /** For {@link java.util.ServiceLoader}, where there is no configuration. */
  public DaxRamBlockAllocator() {
    this(new RamMapper(), Style.of(AUTO));
  }

  DaxRamBlockAllocator(RamMapper mapper, MappingStyle style) {
    this(mapper, new Style(() -> style));
  }

  private DaxRamBlockAllocator(RamMapper mapper, Style style) {
    this.mapper = mapper;
    this.style = style;
  }

  /**
   * How blocks are mapped and flushed. It is looked up when the first of them is made: to find and
   * bind the code that flushes takes longer than to start a machine that has none of them.
   */
  private static final class Style {
    private final Supplier<MappingStyle> choice;
    private @Nullable MappingStyle known;

    Style(Supplier<MappingStyle> choice) {
      this.choice = choice;
    }

    static Style of(String cacheFlush) {
      CacheFlushChoice choice = CacheFlushChoice.of(cacheFlush);
      return new Style(() -> choice.style(KIND));
    }

    synchronized MappingStyle get() {
      MappingStyle found = known;
      if (found == null) {
        found = choice.get();
        report(found);
        known = found;
      }
      return found;
    }
  }

  /**
   * Applies a changed configuration to blocks made or re-mapped from now on; present ones are not
   * disturbed.
   */
  @Modified
  void modified(Config config) {
    style = Style.of(config.cache_flush());
  }

  private static void report(MappingStyle style) {
    LOG.info(
        "persistent memory is flushed by {}",
        style
            .cacheFlush()
            .map(CacheFlush::describe)
            .orElseGet(
                () ->
                    "msync(2), since CPU caches are not: " + style.flushObstacle().orElseThrow()));
    if ("1".equals(System.getenv(NO_FLUSH))) {
      LOG.info(
          "{}=1 is set: whatever it promises of this platform, CPU caches are flushed all the same",
          NO_FLUSH);
    }
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public int ranking() {
    return RANKING;
  }

  @Override
  public boolean accepts(RamBlockSpec spec) {
    return spec.has(RamFlag.RAM_PMEM);
  }

  @Override
  public RamBlock allocate(RamBlockSpec spec) throws RamBlockException {
    requireAccepted(spec);
    return mapper.map(spec, style.get());
  }

  @Override
  public RamBlock remap(RamBlock present) throws RamBlockException {
    requireAccepted(present.spec());
    return mapper.remap(present, style.get());
  }

  private void requireAccepted(RamBlockSpec spec) {
    if (!accepts(spec)) {
      throw new IllegalArgumentException(
          "the DAX allocator takes blocks with RAM_PMEM, not " + spec.flags());
    }
  }
}
