package holdfast.itest.dax;

import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.backend.mmap.CacheFlushes;
import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.backend.mmap.style.MappingStyle;
import java.util.Map;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * The negative control: the product's mapper makes the mapping, without MAP_SYNC, and the product's
 * cache flush persists. That is what Holdfast would be if MAP_SYNC were forgotten, and it must lose
 * records. A service only where a framework property says so.
 */
@Component(
    service = {},
    immediate = true)
public final class AllocatorWithoutMapSync implements RamBlockAllocator {
  /** The framework property that makes it a service, preferred to all others. */
  static final String ENABLED = "holdfast.itest.without-map-sync";

  private static final String KIND = "without-map-sync";

  private final RamMapper mapper = new RamMapper();
  private final CacheFlush flush =
      CacheFlushes.libpmem().or(CacheFlushes::jdk).orElseThrow(IllegalStateException::new);

  /** For Declarative Services. */
  @Activate
  public AllocatorWithoutMapSync(BundleContext context) {
    if (Boolean.parseBoolean(context.getProperty(ENABLED))) {
      context.registerService(
          RamBlockAllocator.class,
          this,
          FrameworkUtil.asDictionary(Map.of(BACKEND_KIND, KIND, Constants.SERVICE_RANKING, 1000)));
    }
  }

  @Override
  public String kind() {
    return KIND;
  }

  @Override
  public boolean accepts(RamBlockSpec spec) {
    return spec.has(RamFlag.RAM_PMEM);
  }

  @Override
  public RamBlock allocate(RamBlockSpec spec) throws RamBlockException {
    return new FlushedRamBlock(mapper.map(spec, MappingStyle.kernel(KIND)), flush);
  }

  @Override
  public RamBlock remap(RamBlock present) throws RamBlockException {
    throw new RemapRefusedException(present.spec(), "the negative control makes only new blocks");
  }
}
