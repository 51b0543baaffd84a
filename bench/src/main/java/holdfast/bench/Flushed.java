package holdfast.bench;

import holdfast.backend.api.Durability;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.mmap.CacheFlushes;
import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.CacheFlush;
import holdfast.backend.mmap.style.MappingStyle;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.RecordComponent;
import java.util.Optional;

/**
 * Makes blocks that flush CPU cache lines though they are in the page cache: their assessment is
 * exchanged for that of DAX. What the CPU does is the same, and the medium is DRAM. For
 * measurements alone: such a block promises what its file doesn't keep.
 */
final class Flushed implements RamBlockAllocator {
  private static final String METHOD = "CACHE_FLUSH";

  private final RamMapper mapper = new RamMapper();
  private final MappingStyle style;

  Flushed(CacheFlush flush) {
    this.style = MappingStyle.pmem(kind(), flush);
  }

  /** Returns the flush that a DAX file gets on this host; empty if none. */
  static Optional<CacheFlush> flush() {
    return CacheFlushes.libpmem().or(CacheFlushes::jdk);
  }

  @Override
  public String kind() {
    return "flushed";
  }

  @Override
  public boolean accepts(RamBlockSpec spec) {
    return true;
  }

  @Override
  public RamBlock allocate(RamBlockSpec spec) throws RamBlockException {
    RamBlock block = mapper.map(spec, style);
    try {
      return exchanged(block);
    } catch (ReflectiveOperationException e) {
      block.close();
      throw new IllegalStateException("the blocks have changed: see to " + Flushed.class, e);
    }
  }

  @Override
  public RamBlock remap(RamBlock present) {
    throw new UnsupportedOperationException("a block that flushes is not mapped again");
  }

  private static RamBlock exchanged(RamBlock block) throws ReflectiveOperationException {
    Object window = value(block, "window");
    Object assessment = assessed(value(block, "assessment"));
    Constructor<?> make = block.getClass().getDeclaredConstructors()[0];
    make.setAccessible(true);
    Object[] arguments = new Object[make.getParameterCount()];
    for (int at = 0; at < arguments.length; at++) {
      Class<?> type = make.getParameterTypes()[at];
      arguments[at] =
          type.isInstance(assessment) ? assessment : value(block, fieldOf(block.getClass(), type));
    }
    RamBlock flushed = (RamBlock) make.newInstance(arguments);
    Field current = window.getClass().getDeclaredField("current");
    current.setAccessible(true);
    current.set(window, flushed);
    return flushed;
  }

  /** Returns an assessment that says of the same memory that its cache lines are flushed. */
  private static Object assessed(Object assessment) throws ReflectiveOperationException {
    RecordComponent[] components = assessment.getClass().getRecordComponents();
    Class<?>[] types = new Class<?>[components.length];
    Object[] values = new Object[components.length];
    for (int at = 0; at < components.length; at++) {
      types[at] = components[at].getType();
      components[at].getAccessor().setAccessible(true);
      Object value = components[at].getAccessor().invoke(assessment);
      if (value instanceof Durability durability) {
        values[at] =
            new Durability(
                durability.requested(),
                Granularity.CACHE_LINE,
                durability.reason(),
                durability.evidence());
      } else {
        values[at] = types[at].isEnum() ? flushing(types[at]) : value;
      }
    }
    Constructor<?> make = assessment.getClass().getDeclaredConstructor(types);
    make.setAccessible(true);
    return make.newInstance(values);
  }

  private static Object flushing(Class<?> method) throws ReflectiveOperationException {
    Field constant = method.getDeclaredField(METHOD);
    constant.setAccessible(true);
    return constant.get(null);
  }

  private static String fieldOf(Class<?> owner, Class<?> type) throws NoSuchFieldException {
    for (Field field : owner.getDeclaredFields()) {
      if (field.getType() == type) {
        return field.getName();
      }
    }
    throw new NoSuchFieldException("no field of " + owner + " is a " + type);
  }

  private static Object value(Object of, String name) throws ReflectiveOperationException {
    Field field = of.getClass().getDeclaredField(name);
    field.setAccessible(true);
    return field.get(of);
  }
}
